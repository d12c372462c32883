#include "net/line_stream.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <climits>

namespace net {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr std::string_view kUnix = "unix:";
// A peer whose machine vanished is noticed by what it does not acknowledge. tcp(7)
constexpr unsigned kUserTimeoutMs = 5'000;

std::string Reason(int error) {
  return std::error_code(error, std::generic_category()).message();
}

class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> Split(const std::string& address) {
  const size_t colon = address.rfind(':');
  HostPort found;
  if (colon != std::string::npos) {
    found = {address.substr(0, colon), address.substr(colon + 1)};
    if (found.host.size() > 2 && found.host.front() == '[' && found.host.back() == ']') {
      found.host = found.host.substr(1, found.host.size() - 2);
    } else if (found.host.find(':') != std::string::npos) {
      found.host.clear();
    }
  }
  const bool digits = !found.port.empty() && found.port.size() <= 5 &&
                      std::ranges::all_of(found.port, [](char c) { return c >= '0' && c <= '9'; });
  if (found.host.empty() || !digits || std::stoul(found.port) > 65535) {
    return Fail(Code::kInvalid, "\"{}\" is not HOST:PORT", address);
  }
  return found;
}

Result<sockaddr_un> UnixAddress(const std::string& address) {
  const std::string path = address.substr(kUnix.size());
  sockaddr_un peer{};
  peer.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof peer.sun_path) {
    return Fail(Code::kInvalid, "\"{}\": a Unix socket's path has 1 to {} bytes", address,
                sizeof peer.sun_path - 1);
  }
  std::memcpy(peer.sun_path, path.data(), path.size());
  return peer;
}

}  // namespace

Result<> CheckAddress(const std::string& address) {
  if (address.starts_with(kUnix)) {
    TRY(UnixAddress(address));
  } else {
    TRY(Split(address));
  }
  return base::Ok();
}

struct LineStream::State {
  std::string address;
  Socket socket;
  Socket wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // readable once `until` is stopped
  std::string received;

  // Until the socket can be read or written.
  Result<> Await(short events, const Until& until) {
    uint64_t count = 0;
    // Of an earlier token.
    while (read(wake.get(), &count, sizeof count) > 0) continue;
    std::stop_callback on_stop(until.stop(), [this] {
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = write(wake.get(), &one, sizeof one);
    });
    for (;;) {
      if (until.Stopped()) return Fail(Code::kCancelled, "{}: stopped while waiting", address);
      if (until.Expired()) return Fail(Code::kTimeout, "{}: no answer in time", address);
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left()).count();
      pollfd fds[] = {{socket.get(), events, 0}, {wake.get(), POLLIN, 0}};
      const int ready = poll(fds, 2, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
      if (ready < 0 && errno != EINTR) {
        return Fail(Code::kInternal, "{}: poll: {}", address, Reason(errno));
      }
      if (ready > 0 && fds[0].revents != 0) return base::Ok();
    }
  }

  // Connects a new socket to one of the peer's addresses.
  Result<> Open(int family, const sockaddr* peer, socklen_t length, const Until& until) {
    socket = Socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.get() < 0) return Fail(Code::kUnavailable, "{}: {}", address, Reason(errno));
    if (family != AF_UNIX) {
      const int on = 1;
      setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      setsockopt(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &kUserTimeoutMs,
                 sizeof kUserTimeoutMs);
    }
    int error = connect(socket.get(), peer, length) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      TRY(Await(POLLOUT, until));
      socklen_t size = sizeof error;
      getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) return Fail(Code::kUnavailable, "{}: {}", address, Reason(error));
    return base::Ok();
  }

  Result<> OpenUnix(const Until& until) {
    const sockaddr_un peer = TRY(UnixAddress(address));
    return Open(AF_UNIX, reinterpret_cast<const sockaddr*>(&peer), sizeof peer, until);
  }

  Result<> OpenTcp(const Until& until) {
    const HostPort target = TRY(Split(address));
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const int problem = getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &list);
    if (problem != 0) return Fail(Code::kUnavailable, "{}: {}", address, gai_strerror(problem));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
    Result<> opened = Fail(Code::kUnavailable, "{}: the name has no address", address);
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
      opened = Open(each->ai_family, each->ai_addr, each->ai_addrlen, until);
      if (opened.ok() || until.Over()) break;
    }
    return opened;
  }
};

LineStream::LineStream(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineStream::LineStream(LineStream&&) noexcept = default;
LineStream& LineStream::operator=(LineStream&&) noexcept = default;
LineStream::~LineStream() = default;

Result<LineStream> LineStream::Connect(const std::string& address, const Until& until) {
  auto state = std::make_unique<State>();
  state->address = address;
  if (state->wake.get() < 0) {
    return Fail(Code::kInternal, "{}: eventfd: {}", address, Reason(errno));
  }
  if (address.starts_with(kUnix)) {
    TRY(state->OpenUnix(until));
  } else {
    TRY(state->OpenTcp(until));
  }
  return LineStream(std::move(state));
}

Result<> LineStream::Write(std::string_view line, const Until& until) {
  const std::string whole = std::string(line) + '\n';
  for (size_t sent = 0; sent < whole.size();) {
    const ssize_t wrote =
        send(state_->socket.get(), whole.data() + sent, whole.size() - sent, MSG_NOSIGNAL);
    if (wrote >= 0) {
      sent += static_cast<size_t>(wrote);
    } else if (errno == EAGAIN) {
      TRY(state_->Await(POLLOUT, until));
    } else if (errno != EINTR) {
      return Fail(Code::kUnavailable, "{}: {}", state_->address, Reason(errno));
    }
  }
  return base::Ok();
}

Result<std::string> LineStream::Read(size_t most, const Until& until) {
  std::string& received = state_->received;
  size_t searched = 0;
  for (;;) {
    const size_t end = received.find('\n', searched);
    if (end > most && received.size() > most) {
      return Fail(Code::kInvalid, "{}: a line is longer than {} bytes", state_->address, most);
    }
    if (end != std::string::npos) {
      std::string line = received.substr(0, end);
      received.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    searched = received.size();
    char buffer[4096];
    const ssize_t got = recv(state_->socket.get(), buffer, sizeof buffer, 0);
    if (got > 0) {
      received.append(buffer, static_cast<size_t>(got));
    } else if (got == 0) {
      return Fail(Code::kUnavailable, "{}: the other side has closed", state_->address);
    } else if (errno == EAGAIN) {
      TRY(state_->Await(POLLIN, until));
    } else if (errno != EINTR) {
      return Fail(Code::kUnavailable, "{}: {}", state_->address, Reason(errno));
    }
  }
}

}  // namespace net
