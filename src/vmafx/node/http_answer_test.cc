#include "vmafx/node/http_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using base::Code;
using ::testing::HasSubstr;

base::Result<HttpAnswer> Range(const std::string& range) {
  net::Response response;
  response.status = 206;
  response.headers["content-range"] = range;
  return ReadHttpAnswer(response);
}

TEST(HttpAnswerTest, ARangeSaysWhereItBeginsAndHowLongTheWholeIs) {
  const auto part = Range("bytes 100-199/200");

  ASSERT_TRUE(part.ok()) << part.error().message();
  EXPECT_EQ(part->first, 100u);
  EXPECT_EQ(part->info.size, 200u);
  EXPECT_FALSE(Range("bytes 0-0/*")->info.size.has_value());
}

TEST(HttpAnswerTest, NothingIsTakenOfARangeThatContradictsItself) {
  for (const char* range :
       {"", "bytes", "bytes */200", "bytes 5-4/200", "bytes 0-200/200", "bytes 300-400/200",
        "bytes 0-1", "bytes 0-1/", "bytes 0-1/x", "bytes -1/2", "bytes 1-/2", "bytes 1/2-3",
        "lines 0-1/2", "bytes 0-99999999999999999999/*"}) {
    const auto answer = Range(range);
    ASSERT_TRUE(answer.Is(Code::kInvalid)) << range;
    EXPECT_THAT(answer.error().message(), HasSubstr("Content-Range"));
  }
}

TEST(HttpAnswerTest, ADigestCountsWhenItIsAWholeOne) {
  net::Response response;
  response.status = 200;
  const auto checksum = [&](const std::string& header) {
    response.headers["repr-digest"] = header;
    return ReadHttpAnswer(response)->info.checksum;
  };

  EXPECT_EQ(checksum("md5=:x:, sha-256=:" + std::string(43, 'A') + "=:")->hex,
            std::string(64, '0'));
  EXPECT_FALSE(checksum("sha-256=:" + std::string(44, 'A') + ":").has_value()) << "33 bytes";
  EXPECT_FALSE(checksum("sha-256=:" + std::string(40, 'A') + "----:").has_value());
  EXPECT_FALSE(checksum("sha-256=:").has_value());
  EXPECT_FALSE(checksum("sha-256=::").has_value());
}

}  // namespace
}  // namespace vmafx::node
