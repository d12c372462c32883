#include "net/testing/line_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "base/crew.h"
#include "base/guarded.h"

namespace net::testing {

struct LineServer::State {
  struct Seen {
    std::vector<std::string> lines;
    int accepted = 0;
    bool stopping = false;
    std::set<int> open;
  };

  Handler handler;
  std::string address;
  int listener = -1;
  base::Guarded<Seen> seen;
  base::Crew crew;

  void ListenTcp(int port);
  void ListenUnix(const std::string& path);
  void Accept();
  void Serve(int connection);
  bool React(int connection, const std::string& line);
};

void LineServer::State::ListenTcp(int port) {
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(static_cast<uint16_t>(port));
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
  socklen_t size = sizeof own;
  CHECK(getsockname(listener, reinterpret_cast<sockaddr*>(&own), &size) == 0);
  address = "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
}

void LineServer::State::ListenUnix(const std::string& path) {
  listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un own{};
  own.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof own.sun_path);
  std::memcpy(own.sun_path, path.data(), path.size());
  CHECK(bind(listener, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
  address = "unix:" + path;
}

void LineServer::State::Accept() {
  for (;;) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const bool stopping = seen.With([&](Seen& all) {
      if (!all.stopping) all.open.insert(connection);
      ++all.accepted;
      return all.stopping;
    });
    if (stopping ||
        !crew.Start("line", [this, connection](std::stop_token) { Serve(connection); })) {
      close(connection);
      return;
    }
  }
}

void LineServer::State::Serve(int connection) {
  std::string received;
  char buffer[4096];
  bool open = true;
  while (open) {
    const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    received.append(buffer, static_cast<size_t>(got));
    for (size_t end = received.find('\n'); open && end != std::string::npos;
         end = received.find('\n')) {
      open = React(connection, received.substr(0, end));
      received.erase(0, end + 1);
    }
  }
  seen.With([&](Seen& all) {
    all.open.erase(connection);
    close(connection);
  });
}

bool LineServer::State::React(int connection, const std::string& line) {
  seen.With([&](Seen& all) { all.lines.push_back(line); });
  const Reply reply = handler(line);
  if (reply.kind == Reply::Kind::kClose) return false;
  if (reply.kind == Reply::Kind::kSilence) return true;
  const std::string text = reply.line + "\n";
  return send(connection, text.data(), text.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

LineServer::LineServer(Handler handler, const std::string& address)
    : state_(std::make_unique<State>()) {
  state_->handler = std::move(handler);
  if (address.starts_with("unix:")) {
    state_->ListenUnix(address.substr(5));
  } else {
    state_->ListenTcp(std::stoi(address.substr(address.rfind(':') + 1)));
  }
  CHECK(listen(state_->listener, 64) == 0);
  state_->crew.Start("accept", [state = state_.get()](std::stop_token) { state->Accept(); });
}

LineServer::~LineServer() {
  state_->seen.With([](State::Seen& all) {
    all.stopping = true;
    for (const int connection : all.open) shutdown(connection, SHUT_RDWR);
  });
  shutdown(state_->listener, SHUT_RDWR);
  state_->crew.StopAndJoin();
  close(state_->listener);
}

std::string LineServer::address() const {
  return state_->address;
}

std::vector<std::string> LineServer::lines() const {
  return state_->seen.Read([](const State::Seen& all) { return all.lines; });
}

int LineServer::accepted() const {
  return state_->seen.Read([](const State::Seen& all) { return all.accepted; });
}

}  // namespace net::testing
