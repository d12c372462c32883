#include "cluster/native/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <memory>

#include "sys/error.h"
#include "sys/fd.h"

namespace cluster::native {

namespace {

constexpr size_t kBuffer = 64 * 1024;

// Bytes on their way from one socket to another.
struct Flow {
  std::array<char, kBuffer> bytes;
  size_t start = 0;
  size_t end = 0;
  bool read_ended = false;  // the source has no more
  bool closed = false;      // and the target was told

  bool Empty() const { return start == end; }
};

struct Side;

struct Connection {
  std::unique_ptr<Side> outside;
  std::unique_ptr<Side> inside;
  std::list<Connection>::iterator self;
};

// One socket of a connection, with the flow that it is the source of.
struct Side {
  sys::Fd fd;
  Side* other = nullptr;
  Connection* connection = nullptr;
  Flow flow;
  uint32_t watched = 0;
};

bool WouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

// Moves what can be moved from `from` to its other side; false when the connection is broken.
bool Pump(Side& from) {
  Flow& flow = from.flow;
  for (;;) {
    while (!flow.Empty()) {
      const ssize_t count = send(from.other->fd.get(), flow.bytes.data() + flow.start,
                                 flow.end - flow.start, MSG_NOSIGNAL);
      if (count < 0) return WouldBlock() || errno == ENOTCONN;
      flow.start += static_cast<size_t>(count);
    }
    flow.start = flow.end = 0;
    if (flow.read_ended) {
      if (!flow.closed) shutdown(from.other->fd.get(), SHUT_WR);
      flow.closed = true;
      return true;
    }
    const ssize_t count = recv(from.fd.get(), flow.bytes.data(), kBuffer, 0);
    if (count < 0) return WouldBlock() || errno == ENOTCONN;
    if (count == 0) flow.read_ended = true;
    flow.end = static_cast<size_t>(count);
  }
}

class Relay {
 public:
  Relay(int listener, int port, const base::Log& log)
      : listener_(listener), port_(port), log_(log), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  int Run() {
    fcntl(listener_, F_SETFL, fcntl(listener_, F_GETFL) | O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    if (!epoll_.valid() || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_, &event) != 0) {
      log_.Error("no listener", {{"reason", sys::SystemError(errno, "epoll").message()}});
      return 1;
    }
    for (;;) {
      std::array<epoll_event, 64> events;
      const int count = epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto* side = static_cast<Side*>(events[static_cast<size_t>(i)].data.ptr);
        if (side == nullptr) {
          AcceptAll();
        } else {
          Serve(*side->connection);
        }
      }
      // Only now: later events of the same batch may point at them.
      ended_.clear();
    }
  }

 private:
  void AcceptAll() {
    for (;;) {
      sys::Fd outside(accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!outside.valid()) return;
      sys::Fd inside(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<uint16_t>(port_));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      // Refused at once, or later by an error event: closed either way, as the API server would.
      if (connect(inside.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 &&
          errno != EINPROGRESS)
        continue;
      for (const int fd : {outside.get(), inside.get()}) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      }
      Add(std::move(outside), std::move(inside));
    }
  }

  void Add(sys::Fd outside, sys::Fd inside) {
    Connection& connection = connections_.emplace_back();
    connection.self = std::prev(connections_.end());
    connection.outside = std::make_unique<Side>();
    connection.inside = std::make_unique<Side>();
    connection.outside->fd = std::move(outside);
    connection.inside->fd = std::move(inside);
    connection.outside->other = connection.inside.get();
    connection.inside->other = connection.outside.get();
    for (Side* side : {connection.outside.get(), connection.inside.get()}) {
      side->connection = &connection;
      // Edge-triggered: both directions are pumped until they would block, on every event.
      epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = side}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, side->fd.get(), &event);
    }
  }

  void Serve(Connection& connection) {
    if (!connection.outside->fd.valid()) return;  // ended earlier in this batch
    const bool alive = Pump(*connection.outside) && Pump(*connection.inside);
    if (alive && !(connection.outside->flow.closed && connection.inside->flow.closed)) return;
    connection.outside->fd.Reset();
    connection.inside->fd.Reset();
    ended_.splice(ended_.end(), connections_, connection.self);
  }

  const int listener_;
  const int port_;
  const base::Log& log_;
  sys::Fd epoll_;
  std::list<Connection> connections_;
  std::list<Connection> ended_;
};

}  // namespace

int RunRelay(int listener, int port, const base::Log& log) {
  Relay relay(listener, port, log);
  return relay.Run();
}

}  // namespace cluster::native
