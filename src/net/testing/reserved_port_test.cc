#include "net/testing/reserved_port.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/line_stream.h"
#include "net/testing/line_server.h"

namespace net::testing {
namespace {

using base::Code;
using Kind = LineServer::Reply::Kind;

class ReservedPortTest : public ::testing::Test {
 protected:
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  static LineServer::Reply Echo(const std::string& line) { return {Kind::kLine, line}; }

  base::SystemClock clock_;
};

TEST_F(ReservedPortTest, IsAServersAgainAndAgainAndRefusesBetween) {
  const ReservedPort port;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(LineStream::Connect(port.address(), Soon()).Is(Code::kUnavailable));
    LineServer server(Echo, port.address());
    auto stream = LineStream::Connect(port.address(), Soon());
    ASSERT_TRUE(stream.ok()) << stream.error().message();
    ASSERT_TRUE(stream->Write("hello", Soon()).ok());
    const auto answer = stream->Read(100, Soon());
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    EXPECT_EQ(*answer, "hello");
  }
}

}  // namespace
}  // namespace net::testing
