#include "cluster/native/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "net/testing/reserved_port.h"
#include "sys/fd.h"

namespace cluster::native {
namespace {

struct Port {
  sys::Fd listener;
  int number = 0;
};

Port Listen() {
  Port port;
  port.listener = sys::Fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(port.listener.get(), generic, size), 0);
  EXPECT_EQ(listen(port.listener.get(), 16), 0);
  EXPECT_EQ(getsockname(port.listener.get(), generic, &size), 0);
  port.number = ntohs(address.sin_port);
  return port;
}

sys::Fd Connect(int port) {
  sys::Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[65536];
  ssize_t count;
  while ((count = read(fd, buffer, sizeof buffer)) > 0)
    all.append(buffer, static_cast<size_t>(count));
  return all;
}

void WriteAll(int fd, const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = send(fd, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    ASSERT_GT(count, 0);
    done += static_cast<size_t>(count);
  }
}

// The relay as a process of its own, as in a node.
class RelayTest : public testing::Test {
 protected:
  void SetUp() override { StartRelay(inside_.number); }
  void StartRelay(int inside) {
    relay_ = fork();
    if (relay_ != 0) return;
    _exit(RunRelay(outside_.listener.get(), inside, base::Log::Nowhere()));
  }
  void TearDown() override {
    kill(relay_, SIGKILL);
    waitpid(relay_, nullptr, 0);
  }

  Port outside_ = Listen();
  Port inside_ = Listen();
  pid_t relay_ = 0;
};

TEST_F(RelayTest, CarriesLargeStreamsBothWaysAndEachEnd) {
  const std::string there(size_t{8} << 20, 'a');
  const std::string back(size_t{5} << 20, 'b');
  const sys::Fd client = Connect(outside_.number);
  const sys::Fd server(accept(inside_.listener.get(), nullptr, nullptr));

  std::string arrived;
  std::thread serving([&] {
    // The answer begins only after the request's end: half-closed connections must live on.
    arrived = ReadAll(server.get());
    WriteAll(server.get(), back);
    shutdown(server.get(), SHUT_WR);
  });
  WriteAll(client.get(), there);
  shutdown(client.get(), SHUT_WR);
  const std::string answer = ReadAll(client.get());
  serving.join();

  EXPECT_EQ(arrived == there, true);
  EXPECT_EQ(answer == back, true);
}

TEST_F(RelayTest, KeepsConnectionsApart) {
  const sys::Fd one = Connect(outside_.number);
  const sys::Fd one_server(accept(inside_.listener.get(), nullptr, nullptr));
  const sys::Fd two = Connect(outside_.number);
  const sys::Fd two_server(accept(inside_.listener.get(), nullptr, nullptr));

  WriteAll(two.get(), "two");
  WriteAll(one.get(), "one");
  char buffer[3];

  EXPECT_EQ(recv(one_server.get(), buffer, 3, MSG_WAITALL), 3);
  EXPECT_EQ(std::string(buffer, 3), "one");
  EXPECT_EQ(recv(two_server.get(), buffer, 3, MSG_WAITALL), 3);
  EXPECT_EQ(std::string(buffer, 3), "two");
}

class RelayToNobodyTest : public RelayTest {
 protected:
  void SetUp() override { StartRelay(closed_.number()); }

  net::testing::ReservedPort closed_;
};

TEST_F(RelayToNobodyTest, ClosesWhenTheServerInsideIsNotThereAndServesTheNext) {
  const sys::Fd refused = Connect(outside_.number);
  char byte;
  EXPECT_LE(read(refused.get(), &byte, 1), 0);

  const sys::Fd again = Connect(outside_.number);
  EXPECT_LE(read(again.get(), &byte, 1), 0);
}

TEST_F(RelayTest, PassesOnThatTheServerWentAway) {
  const sys::Fd client = Connect(outside_.number);
  sys::Fd server(accept(inside_.listener.get(), nullptr, nullptr));
  WriteAll(client.get(), "hello");
  char byte;
  ASSERT_EQ(read(server.get(), &byte, 1), 1);

  // With unread bytes this is a reset, not an orderly end.
  server.Reset();

  EXPECT_LE(read(client.get(), &byte, 1), 0);
}

}  // namespace
}  // namespace cluster::native
