#include "vmafx/trainer/line_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sys/error.h"
#include "vmafx/trainer/line_buffer.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kReadAtOnce = 64 * 1024;

// True when bytes came, false at the end of the connection.
Result<bool> ReadSome(int fd, LineBuffer& buffer, const Until& until) {
  std::array<char, kReadAtOnce> bytes;
  TRY(AwaitEvent(fd, POLLIN, until));
  const ssize_t count = recv(fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) buffer.Add({bytes.data(), static_cast<size_t>(count)});
  if (count < 0 && errno != EAGAIN && errno != EINTR) return sys::SystemError(errno, "reading");
  return count != 0;
}

Result<> WriteAll(int fd, std::string_view bytes, const Until& until) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno == EAGAIN || errno == EINTR) {
      TRY(AwaitEvent(fd, POLLOUT, until));
    } else {
      return sys::SystemError(errno, "writing");
    }
  }
  return base::Ok();
}

// The replies to `lines`, each with its end; nullopt when the handler closes.
std::optional<std::string> Answer(const std::vector<LineBuffer::Line>& lines,
                                  const LineHandler& handler, const LineServerOptions& options,
                                  const Until& until) {
  std::vector<std::string_view> good;
  for (const auto& line : lines) {
    if (!line.too_long) {
      good.push_back(line.text);
    } else if (options.on_too_long) {
      options.on_too_long();
    }
  }
  std::vector<std::string> replies;
  if (!good.empty()) {
    auto answered = handler(good, until);
    if (!answered || answered->size() != good.size()) return std::nullopt;
    replies = *std::move(answered);
  }
  std::string text;
  size_t next = 0;
  for (const auto& line : lines)
    text += (line.too_long ? options.too_long : replies[next++]) + "\n";
  return text;
}

}  // namespace

LineServer::LineServer(Listener listener, std::function<LineHandler()> make_handler,
                       LineServerOptions options, base::Clock& clock, base::Log log)
    : listener_(std::move(listener)),
      make_handler_(std::move(make_handler)),
      options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)) {
  crew_.Start("lines/accept", [this](std::stop_token stop) { AcceptLoop(std::move(stop)); });
}

LineServer::~LineServer() {
  crew_.StopAndJoin();
}

void LineServer::AcceptLoop(std::stop_token stop) {
  bool was_full = false;  // said once, not for each
  while (!stop.stop_requested()) {
    auto socket = listener_.Accept(Until::After(clock_, std::chrono::hours(1), stop));
    connections_.remove_if([](const Connection& connection) { return connection.done.load(); });
    if (!socket.ok()) continue;
    const bool full = connections_.size() >= options_.most_connections;
    if (full && !was_full) {
      log_.Warn("connections refused: there are too many", {{"connections", connections_.size()}});
    }
    was_full = full;
    if (full) continue;  // closed; the client tries again
    Connection& connection = connections_.emplace_back();
    auto shared = std::make_shared<sys::Fd>(*std::move(socket));
    connection.crew.Start("lines/client", [this, shared, &connection](std::stop_token ended) {
      Serve(*shared, std::move(ended));
      shared->Reset();
      connection.done = true;
    });
  }
  for (Connection& connection : connections_) connection.crew.RequestStop();
  connections_.clear();
}

void LineServer::Serve(const sys::Fd& socket, std::stop_token stop) {
  const int yes = 1;  // fails on a Unix socket, where nothing is held back anyway
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  const LineHandler handler = make_handler_();
  LineBuffer buffer(options_.most_line);
  base::Instant line_end = base::Instant::max();
  while (true) {
    const Until idle = Until::After(clock_, options_.idle, stop);
    const auto came =
        ReadSome(socket.get(), buffer, Until(clock_, std::min(idle.deadline(), line_end), stop));
    if (!came.ok() || !*came) return;
    for (auto lines = buffer.Take(); !lines.empty(); lines = buffer.Take()) {
      const Until handling = Until::After(clock_, options_.handling_time, stop);
      const auto replies = Answer(lines, handler, options_, handling);
      if (!replies || !WriteAll(socket.get(), *replies, handling).ok()) return;
      line_end = base::Instant::max();
    }
    // A line that has begun has to end: a client that drips bytes would hold its place for ever.
    if (!buffer.InLine()) {
      line_end = base::Instant::max();
    } else if (line_end == base::Instant::max()) {
      line_end = clock_.Now() + options_.line_time;
    }
  }
}

}  // namespace vmafx::trainer
