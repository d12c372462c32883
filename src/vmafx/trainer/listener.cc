#include "vmafx/trainer/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "sys/error.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr int kBacklog = 128;

Result<sockaddr_in> ReadAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  const std::string host = colon == 0 ? "0.0.0.0" : address.substr(0, colon);
  sockaddr_in result{};
  result.sin_family = AF_INET;
  uint16_t port = 0;
  const char* end = address.data() + address.size();
  const char* start = address.data() + (colon == std::string::npos ? 0 : colon + 1);
  const auto [after, problem] = std::from_chars(start, end, port);
  const bool number = colon != std::string::npos && problem == std::errc() && after == end;
  if (!number || inet_pton(AF_INET, host.c_str(), &result.sin_addr) != 1) {
    return Fail(Code::kInvalid, "listen address \"{}\": want \":PORT\" or \"IPV4:PORT\"", address);
  }
  result.sin_port = htons(port);
  return result;
}

Result<sockaddr_un> ReadPath(const std::filesystem::path& path) {
  sockaddr_un result{};
  result.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof result.sun_path) {
    return Fail(Code::kInvalid, "socket path \"{}\": want 1 to {} bytes", text,
                sizeof result.sun_path - 1);
  }
  text.copy(result.sun_path, text.size());
  return result;
}

Result<sys::Fd> MakeSocket(int family) {
  sys::Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return sys::SystemError(errno, "socket");
  return fd;
}

// A socket file stays behind when its process is killed. Only a refused connection proves that.
Result<> RemoveStale(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat file {};
  if (lstat(path.c_str(), &file) != 0) return base::Ok();
  if (!S_ISSOCK(file.st_mode)) {
    return Fail(Code::kExists, "{}: there is something that is no socket", path.string());
  }
  const sys::Fd probe = TRY(MakeSocket(AF_UNIX));
  const int connected =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno != ECONNREFUSED) {
    return Fail(Code::kExists, "{}: another process listens there", path.string());
  }
  unlink(path.c_str());
  return base::Ok();
}

}  // namespace

Result<> AwaitEvent(int fd, short events, const Until& until) {
  const sys::Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return sys::SystemError(errno, "eventfd");
  const std::stop_callback on_stop(until.stop(), [&] { eventfd_write(wake.get(), 1); });
  while (true) {
    if (until.Stopped()) return Fail(Code::kCancelled, "stopped while waiting");
    if (until.Expired()) return Fail(Code::kTimeout, "the deadline passed while waiting");
    pollfd fds[] = {{fd, events, 0}, {wake.get(), POLLIN, 0}};
    using std::chrono::milliseconds;
    const auto left = std::min<base::Duration>(until.Left(), std::chrono::minutes(1));
    const int ready = poll(fds, 2, static_cast<int>(std::chrono::ceil<milliseconds>(left).count()));
    if (ready < 0 && errno != EINTR) return sys::SystemError(errno, "poll");
    if (ready > 0 && fds[0].revents != 0) return base::Ok();
  }
}

Result<Listener> Listener::OnTcp(const std::string& address) {
  sockaddr_in wanted = TRY(ReadAddress(address));
  Listener listener(TRY(MakeSocket(AF_INET)));
  const int fd = listener.socket_.get();
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof wanted;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&wanted), size) != 0 ||
      listen(fd, kBacklog) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&wanted), &size) != 0) {
    return Fail(Code::kUnavailable, "{}",
                sys::SystemError(errno, "listening on " + address).message());
  }
  listener.port_ = ntohs(wanted.sin_port);
  return listener;
}

Result<Listener> Listener::OnUnix(const std::filesystem::path& path) {
  const sockaddr_un wanted = TRY(ReadPath(path));
  TRY(RemoveStale(path, wanted));
  Listener listener(TRY(MakeSocket(AF_UNIX)));
  const int fd = listener.socket_.get();
  if (bind(fd, reinterpret_cast<const sockaddr*>(&wanted), sizeof wanted) != 0) {
    return sys::SystemError(errno, "listening on " + path.string());
  }
  listener.path_ = path;
  // Nobody can connect before listen, so there is no moment at which the mode is a wider one.
  if (chmod(path.c_str(), 0600) != 0 || listen(fd, kBacklog) != 0) {
    return sys::SystemError(errno, "listening on " + path.string());
  }
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      port_(other.port_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(path_, other.path_);
  std::swap(port_, other.port_);
  return *this;
}

Listener::~Listener() {
  if (!path_.empty()) unlink(path_.c_str());
}

Result<sys::Fd> Listener::Accept(const Until& until) const {
  while (true) {
    TRY(AwaitEvent(socket_.get(), POLLIN, until));
    sys::Fd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) return connection;
    // Descriptors may run out for a while: that must not end the server, nor spin.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      until.Pause(std::chrono::milliseconds(50));
    }
  }
}

}  // namespace vmafx::trainer
