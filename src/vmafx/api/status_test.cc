#include "vmafx/api/status.h"

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

TEST(StatusTest, KeepsCodeAndWordsOfAnErrorAcrossTheWire) {
  using enum base::Code;
  for (base::Code code : {kInvalid, kNotFound, kExists, kConflict, kGone, kDenied, kTimeout,
                          kCancelled, kUnavailable, kInternal}) {
    const auto back = FromGrpc(ToGrpc(base::Error(code, "job x: gone")), "GetJob");

    ASSERT_FALSE(back.ok());
    EXPECT_EQ(back.error().code(), code);
    EXPECT_EQ(back.error().message(), "GetJob: job x: gone");
  }
}

TEST(StatusTest, IsOkForOk) {
  EXPECT_TRUE(FromGrpc(grpc::Status::OK, "GetJob").ok());
}

}  // namespace
}  // namespace vmafx::api
