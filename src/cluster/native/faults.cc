#include "cluster/native/faults.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <climits>

#include "base/text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace cluster::native {

namespace fs = std::filesystem;
using base::Code;
using base::Result;

namespace {

// Pidfds of processes; waiting on one ends when the process does (pidfd_open(2)).
Result<> AwaitEnd(int pidfd, const base::Until& until) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left()).count();
    // Short enough to notice a stop, which cannot wake poll.
    constexpr int64_t kStopCheck = 100;
    pollfd ended{pidfd, POLLIN, 0};
    if (poll(&ended, 1, static_cast<int>(std::min(left, kStopCheck))) > 0) return base::Ok();
    if (until.Over()) return base::Error(Code::kTimeout, "it has not ended in time");
  }
}

std::optional<ProcessStatus> StatusOf(pid_t pid) {
  const auto text = sys::ReadFile(fs::path("/proc") / std::to_string(pid) / "status");
  return text.ok() ? ParseProcessStatus(*text) : std::nullopt;
}

std::optional<pid_t> Number(std::string_view word) {
  pid_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<ProcessStatus> ParseProcessStatus(std::string_view text) {
  ProcessStatus status;
  bool has_parent = false;
  bool has_number = false;
  for (const std::string& line : base::Split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string_view key = std::string_view(line).substr(0, colon);
    const std::string_view value = base::Trim(std::string_view(line).substr(colon + 1));
    if (key == "State") status.stopped = value.starts_with('T');
    if (key == "PPid") {
      const auto number = Number(value);
      has_parent = number.has_value();
      status.parent = number.value_or(0);
    }
    if (key == "NSpid") {
      const size_t tab = value.rfind('\t');
      const auto number = Number(tab == std::string_view::npos ? value : value.substr(tab + 1));
      has_number = number.has_value();
      status.innermost = number.value_or(0);
    }
  }
  if (!has_parent || !has_number) return std::nullopt;
  return status;
}

Result<ServiceProcess> FindService(pid_t init, pid_t inside) {
  const auto is_it = [&](const std::optional<ProcessStatus>& status) {
    return status && status->parent == init && status->innermost == inside;
  };
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const auto pid = Number(entry.path().filename().string());
    if (!pid || !is_it(StatusOf(*pid))) continue;
    ServiceProcess service{*pid, sys::Fd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)))};
    // Numbers are used again: looked at once more, now that it is held.
    const auto status = StatusOf(*pid);
    if (!service.pidfd.valid() || !is_it(status)) break;
    service.stopped = status->stopped;
    return service;
  }
  return base::Fail(Code::kNotFound, "process {} of the node has ended", inside);
}

Result<> InjectFault(const ServiceProcess& service, Fault fault, const base::Until& until) {
  const int signal = fault == Fault::kKill ? SIGKILL : fault == Fault::kStop ? SIGSTOP : SIGCONT;
  if (syscall(SYS_pidfd_send_signal, service.pidfd.get(), signal, nullptr, 0) != 0)
    return sys::SystemError(errno, fmt::format("signalling process {}", service.pid));
  return fault == Fault::kKill ? AwaitEnd(service.pidfd.get(), until) : base::Ok();
}

}  // namespace cluster::native
