#include "vmafx/trainer/line_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/line_stream.h"
#include "sys/files.h"

namespace vmafx::trainer {
namespace {

using base::Code;
using testing::HasSubstr;

class LineServerTest : public testing::Test {
 protected:
  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  // Replies with the line in brackets; "drop" closes the connection.
  static std::optional<std::vector<std::string>> Echo(const std::vector<std::string_view>& lines,
                                                      const base::Until&) {
    std::vector<std::string> replies;
    for (const std::string_view line : lines) {
      if (line == "drop") return std::nullopt;
      replies.push_back("[" + std::string(line) + "]");
    }
    return replies;
  }

  void Start(LineServerOptions options = {}) {
    options.too_long = "too long";
    auto listener = Listener::OnTcp("127.0.0.1:0");
    ASSERT_TRUE(listener.ok()) << listener.error().message();
    server_ = std::make_unique<LineServer>(
        *std::move(listener), [] { return LineHandler(&Echo); }, options, clock_,
        base::Log::Nowhere());
  }

  net::LineStream Connect() {
    auto stream = net::LineStream::Connect(fmt::format("127.0.0.1:{}", server_->port()), Soon());
    EXPECT_TRUE(stream.ok()) << stream.error().message();
    return *std::move(stream);
  }

  std::string Ask(net::LineStream& stream, const std::string& line) {
    auto sent = stream.Write(line, Soon());
    if (!sent.ok()) return "write: " + sent.error().message();
    auto reply = stream.Read(1 << 20, Soon());
    return reply.ok() ? *reply : std::string(base::ToString(reply.error().code()));
  }

  base::SystemClock clock_;
  std::unique_ptr<LineServer> server_;
};

TEST_F(LineServerTest, AnswersEachLineInOrder) {
  Start();
  net::LineStream stream = Connect();
  ASSERT_TRUE(stream.Write("one\ntwo\r\n\nthree", Soon()).ok());

  EXPECT_EQ(*stream.Read(100, Soon()), "[one]");
  EXPECT_EQ(*stream.Read(100, Soon()), "[two]");
  EXPECT_EQ(*stream.Read(100, Soon()), "[three]");
}

TEST_F(LineServerTest, AnswersALineThatIsTooLongAndGoesOn) {
  Start({.most_line = 1000});
  net::LineStream stream = Connect();

  EXPECT_EQ(Ask(stream, std::string(998, 'x')).size(), 1000u);
  EXPECT_EQ(Ask(stream, std::string(1000, 'x')), "too long");
  EXPECT_EQ(Ask(stream, std::string(5'000'000, 'x')), "too long");
  EXPECT_EQ(Ask(stream, "next"), "[next]");
}

TEST_F(LineServerTest, ClosesWhenTheHandlerHasNoAnswer) {
  Start();
  net::LineStream stream = Connect();

  EXPECT_EQ(Ask(stream, "drop"), "unavailable");
  net::LineStream again = Connect();
  EXPECT_EQ(Ask(again, "still there"), "[still there]");
}

TEST_F(LineServerTest, ServesSeveralAtOnceAndNoMoreThanItMay) {
  Start({.most_connections = 2});
  net::LineStream one = Connect();
  net::LineStream two = Connect();
  EXPECT_EQ(Ask(one, "1"), "[1]");
  EXPECT_EQ(Ask(two, "2"), "[2]");

  net::LineStream three = Connect();

  EXPECT_TRUE(three.Read(100, Soon()).Is(Code::kUnavailable));
  EXPECT_EQ(Ask(one, "1"), "[1]");
}

TEST_F(LineServerTest, ClosesAConnectionThatSaysNothing) {
  Start({.idle = std::chrono::milliseconds(30)});
  net::LineStream stream = Connect();

  EXPECT_TRUE(stream.Read(100, Soon()).Is(Code::kUnavailable));
}

TEST_F(LineServerTest, ClosesAConnectionWhoseLineDoesNotEnd) {
  Start({.line_time = std::chrono::milliseconds(50)});
  const sys::Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server_->port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  ASSERT_EQ(send(client.get(), "{\"job", 5, 0), 5);

  char byte = 0;
  EXPECT_EQ(recv(client.get(), &byte, 1, 0), 0);
}

TEST_F(LineServerTest, SurvivesNoise) {
  Start({.most_line = 512});
  std::mt19937 random(3);
  for (int i = 0; i < 40; ++i) {
    net::LineStream stream = Connect();
    std::string noise(1 + random() % 3000, ' ');
    for (char& c : noise) c = static_cast<char>(random());
    (void)stream.Write(noise, Soon()).ok();
  }
  net::LineStream stream = Connect();

  EXPECT_EQ(Ask(stream, "fine"), "[fine]");
}

TEST_F(LineServerTest, EndsWithConnectionsOpen) {
  Start();
  net::LineStream stream = Connect();
  EXPECT_EQ(Ask(stream, "1"), "[1]");

  server_.reset();

  EXPECT_TRUE(stream.Read(100, Soon()).Is(Code::kUnavailable));
}

class ListenerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto folder = sys::TempDir::Make("listener-test");
    ASSERT_TRUE(folder.ok());
    folder_ = *std::move(folder);
    path_ = folder_->path() / "feedback.sock";
  }

  std::optional<sys::TempDir> folder_;
  std::filesystem::path path_;
};

TEST_F(ListenerTest, MakesASocketForItsOwnerOnlyAndRemovesIt) {
  {
    const auto listener = Listener::OnUnix(path_);
    ASSERT_TRUE(listener.ok()) << listener.error().message();
    struct stat file {};
    ASSERT_EQ(stat(path_.c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777, 0600u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, TakesTheSocketOfAProcessThatIsGone) {
  const sys::Fd gone(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(bind(gone.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  EXPECT_TRUE(Listener::OnUnix(path_).ok());
}

TEST_F(ListenerTest, LeavesASocketThatAnswers) {
  const auto first = Listener::OnUnix(path_);
  ASSERT_TRUE(first.ok());

  EXPECT_THAT(Listener::OnUnix(path_).error().message(), HasSubstr("another process listens"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ListenerTest, LeavesAFileThatIsNoSocket) {
  ASSERT_TRUE(sys::WriteFileAtomically(path_, "notes").ok());

  EXPECT_TRUE(Listener::OnUnix(path_).Is(Code::kExists));
  EXPECT_EQ(*sys::ReadFile(path_), "notes");
}

TEST_F(ListenerTest, RefusesAddressesThatAreNone) {
  for (const char* address : {"", "9092", "host:9092", "127.0.0.1:", "127.0.0.1:x", ":70000",
                              "127.0.0.1:1x", "1.2.3.4.5:1"}) {
    EXPECT_TRUE(Listener::OnTcp(address).Is(Code::kInvalid)) << address;
  }
  EXPECT_TRUE(Listener::OnUnix(std::string(200, 'x')).Is(Code::kInvalid));
}

}  // namespace
}  // namespace vmafx::trainer
