#include "vmafx/node/rclone_says.h"

#include <algorithm>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using base::Code;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(RcloneSaysTest, TheTellingWordsCountBeforeThoseThatFollow) {
  const base::Error error =
      WhatRcloneMeans(1,
                      "2026/11/23 09:17:38 ERROR : error listing: operation error S3: "
                      "ListObjectsV2, https response "
                      "error StatusCode: 403, RequestID: 1, HostID: 2, api error "
                      "SignatureDoesNotMatch: The request "
                      "signature we calculated does not match the signature you provided.\n",
                      "films");

  EXPECT_EQ(error.code(), Code::kDenied);
  EXPECT_THAT(error.message(),
              HasSubstr("the store refuses the secret key of remote [films]: correct "
                        "secret_access_key in rclone.conf (rclone says: error listing"));
}

TEST(RcloneSaysTest, TellsWhetherAnotherAttemptMayHelp) {
  const auto code = [](int status, const char* log) {
    return WhatRcloneMeans(status, log, "films").code();
  };
  EXPECT_EQ(code(1, "dial tcp: lookup minio: no such host"), Code::kUnavailable);
  EXPECT_EQ(code(1, "connect: connection refused"), Code::kUnavailable);
  EXPECT_EQ(code(1, "https response error StatusCode: 503, api error SlowDown"),
            Code::kUnavailable);
  EXPECT_EQ(code(3, "directory not found"), Code::kNotFound);
  EXPECT_EQ(code(1, "api error NoSuchBucket: The specified bucket does not exist"),
            Code::kNotFound);
  EXPECT_EQ(code(1, "didn't find section in config file (\"films\")"), Code::kInvalid);
  EXPECT_EQ(code(1, "tls: failed to verify certificate: x509: unknown authority"), Code::kDenied);
  EXPECT_EQ(code(1, "something new"), Code::kUnavailable);
}

TEST(RcloneSaysTest, QuotesTheLastLineShortAndPrintable) {
  EXPECT_THAT(
      WhatRcloneMeans(9, "first\n2026/11/23 09:17:38 NOTICE: last\xff\n\n", "films").message(),
      EndsWith(std::string(": last") + '?'));
  EXPECT_THAT(WhatRcloneMeans(9, "", "films").message(), EndsWith("nothing"));
  EXPECT_LT(WhatRcloneMeans(9, std::string(100000, 'x'), "films").message().size(), 600U);
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    std::string log;
    for (int i = 0; i < 50; ++i) log += static_cast<char>(random());
    const std::string message = WhatRcloneMeans(1, log, "films").message();
    EXPECT_TRUE(std::ranges::all_of(message, [](char c) { return c >= ' ' && c <= '~'; }));
  }
}

}  // namespace
}  // namespace vmafx::node
