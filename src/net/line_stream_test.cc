#include "net/line_stream.h"

#include <sys/stat.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing/line_server.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"

namespace net {
namespace {

using base::Code;
using ::testing::HasSubstr;
using testing::LineServer;
using Kind = LineServer::Reply::Kind;

LineServer::Reply Echo(const std::string& line) {
  return {Kind::kLine, "got " + line};
}

class LineStreamTest : public ::testing::Test {
 protected:
  base::Until until(base::Duration span = std::chrono::seconds(60)) {
    return base::Until::After(clock_, span);
  }
  base::SystemClock clock_;
};

TEST_F(LineStreamTest, SpeaksInLinesOverTcpAndOverAUnixSocket) {
  const auto folder = *sys::TempDir::Make("lines");
  for (const std::string& address :
       {std::string("127.0.0.1:0"), "unix:" + (folder.path() / "socket").string()}) {
    LineServer server(Echo, address);
    auto stream = LineStream::Connect(server.address(), until());
    ASSERT_TRUE(stream.ok()) << stream.error().message();

    for (const char* line : {"one", "", "three \xc3\xa4"}) {
      ASSERT_TRUE(stream->Write(line, until()).ok());
      auto answer = stream->Read(100, until());
      ASSERT_TRUE(answer.ok()) << answer.error().message();
      EXPECT_EQ(*answer, std::string("got ") + line);
    }
  }
}

TEST_F(LineStreamTest, TakesSeveralLinesOfOnePieceOneByOne) {
  LineServer server([](const std::string&) -> LineServer::Reply {
    return {Kind::kLine, "first\r\nsecond"};
  });
  auto stream = LineStream::Connect(server.address(), until());
  ASSERT_TRUE(stream->Write("x", until()).ok());

  EXPECT_EQ(*stream->Read(100, until()), "first");
  EXPECT_EQ(*stream->Read(100, until()), "second");
}

TEST_F(LineStreamTest, RefusesALineThatIsTooLong) {
  LineServer server([](const std::string&) -> LineServer::Reply {
    return {Kind::kLine, std::string(100'000, 'x')};
  });
  auto stream = LineStream::Connect(server.address(), until());
  ASSERT_TRUE(stream->Write("x", until()).ok());

  auto answer = stream->Read(1000, until());

  ASSERT_TRUE(answer.Is(Code::kInvalid));
  EXPECT_THAT(answer.error().message(), HasSubstr("longer than 1000 bytes"));
}

TEST_F(LineStreamTest, TakesALineOfJustTheLimit) {
  LineServer server([](const std::string&) -> LineServer::Reply {
    return {Kind::kLine, std::string(1000, 'x')};
  });
  auto stream = LineStream::Connect(server.address(), until());
  ASSERT_TRUE(stream->Write("x", until()).ok());

  EXPECT_EQ(stream->Read(1000, until())->size(), 1000U);
}

TEST_F(LineStreamTest, SaysWhenTheOtherSideCloses) {
  LineServer server([](const std::string&) -> LineServer::Reply { return {Kind::kClose, ""}; });
  auto stream = LineStream::Connect(server.address(), until());
  ASSERT_TRUE(stream->Write("x", until()).ok());

  auto answer = stream->Read(100, until());

  ASSERT_TRUE(answer.Is(Code::kUnavailable));
  EXPECT_THAT(answer.error().message(), HasSubstr(server.address()));
}

TEST_F(LineStreamTest, WaitsNoLongerThanItMayAndEndsAtOnceWhenStopped) {
  std::stop_source stop;
  LineServer server([&](const std::string& line) -> LineServer::Reply {
    if (line == "stop") stop.request_stop();
    return {Kind::kSilence, ""};
  });
  auto stream = LineStream::Connect(server.address(), until());
  ASSERT_TRUE(stream->Write("x", until()).ok());

  EXPECT_TRUE(stream->Read(100, until(std::chrono::milliseconds(30))).Is(Code::kTimeout));
  ASSERT_TRUE(stream->Write("stop", until()).ok());
  EXPECT_TRUE(stream->Read(100, until().Stopping(stop.get_token())).Is(Code::kCancelled));
  // Another token afterwards is waited for anew.
  EXPECT_TRUE(stream->Read(100, until(std::chrono::milliseconds(30))).Is(Code::kTimeout));
}

TEST_F(LineStreamTest, NamesWhatCannotBeReached) {
  const testing::ReservedPort port;
  const std::string closed = "127.0.0.1:" + std::to_string(port.number());

  auto refused = LineStream::Connect(closed, until());
  auto missing = LineStream::Connect("unix:/nonexistent/socket", until());

  ASSERT_TRUE(refused.Is(Code::kUnavailable));
  EXPECT_THAT(refused.error().message(), HasSubstr(closed + ": Connection refused"));
  ASSERT_TRUE(missing.Is(Code::kUnavailable));
  EXPECT_THAT(missing.error().message(), HasSubstr("/nonexistent/socket"));
}

TEST_F(LineStreamTest, RefusesWhatIsNoAddress) {
  for (const char* address : {"", "host", "host:", ":9092", "host:port", "host:70000", "host:-1",
                              "::1:9092", "a:b:1", "unix:", "host:123456789012345678901"}) {
    EXPECT_TRUE(CheckAddress(address).Is(Code::kInvalid)) << address;
    EXPECT_TRUE(LineStream::Connect(address, until()).Is(Code::kInvalid)) << address;
  }
  EXPECT_TRUE(CheckAddress("unix:/" + std::string(200, 'x')).Is(Code::kInvalid));
  EXPECT_TRUE(CheckAddress("[::1]:9092").ok());
  EXPECT_TRUE(CheckAddress("vmafx-trainer-a.b.svc:9092").ok());
}

}  // namespace
}  // namespace net
