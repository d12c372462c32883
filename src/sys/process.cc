#include "sys/process.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <climits>

#include "base/text.h"
#include "sys/error.h"
#include "sys/launch.h"

namespace sys {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMostOutput = size_t{1} << 20;
constexpr size_t kTail = 2000;
constexpr base::Duration kAfterEnd = milliseconds(100);

int PollTimeout(base::Duration left) {
  const auto count = std::chrono::ceil<milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(count, 0, INT_MAX));
}

std::string Shown(const std::vector<std::string>& argv) {
  return base::Join(argv, " ");
}

std::string_view Tail(std::string_view output) {
  output = base::Trim(output);
  return output.size() <= kTail ? output : output.substr(output.size() - kTail);
}

}  // namespace

std::string Exit::Describe() const {
  if (signal != 0) return fmt::format("killed by signal {} ({})", signal, sigdescr_np(signal));
  return fmt::format("exit status {}", status);
}

struct Process::State {
  explicit State(Child running) : child(std::move(running)) {}

  std::string shown;  // for messages
  Fd output;          // read end, or empty
  bool whole_output = false;
  std::function<void(std::string_view)> on_line;
  std::string line;  // an unfinished one
  std::string captured;
  std::optional<Exit> exit;
  Child child;  // the first to go: it may be writing still

  // True when the child has ended; then `exit` is set.
  bool Look() {
    if (exit) return true;
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(child.pidfd()), &info, WEXITED | WNOHANG | WNOWAIT) !=
            0 ||
        info.si_pid == 0)
      return false;
    exit.emplace();
    exit->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
    exit->status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return true;
  }

  void Take(std::string_view piece) {
    captured.append(piece);
    if (captured.size() > 2 * kMostOutput) captured.erase(0, captured.size() - kMostOutput);
    if (!on_line) return;
    line.append(piece);
    size_t start = 0;
    for (size_t end; (end = line.find('\n', start)) != std::string::npos; start = end + 1)
      on_line(std::string_view(line).substr(start, end - start));
    line.erase(0, start);
  }

  // Reads what is there. False at the end of the output.
  bool ReadSome() {
    char buffer[16384];
    const ssize_t count = read(output.get(), buffer, sizeof buffer);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (count <= 0) {
      output.Reset();
      return false;
    }
    Take({buffer, static_cast<size_t>(count)});
    return true;
  }

  bool Ended() { return Look() && !(whole_output && output.valid()); }

  // Reads output until the child (or all of its output) ends or `until` is over: then false.
  bool RunUntil(const base::Until& until) {
    Fd wake(eventfd(0, EFD_CLOEXEC));
    std::stop_callback on_stop(until.stop(), [&wake] { eventfd_write(wake.get(), 1); });
    while (!Ended()) {
      if (until.Over()) return false;
      pollfd fds[] = {{exit ? -1 : child.pidfd(), POLLIN, 0},
                      {wake.get(), POLLIN, 0},
                      {output.get(), POLLIN, 0}};
      poll(fds, output.valid() ? 3 : 2, PollTimeout(until.Left()));
      if (output.valid() && fds[2].revents != 0) ReadSome();
    }
    return true;
  }

  // After the end: what is still in the pipe. Others may hold it open, so not for long.
  void Drain(const base::Until& until) {
    while (output.valid()) {
      pollfd fd{output.get(), POLLIN, 0};
      if (poll(&fd, 1, PollTimeout(until.Left())) <= 0 || !ReadSome() || until.Expired()) break;
    }
    output.Reset();
    if (on_line && !line.empty()) on_line(line);
    line.clear();
    if (captured.size() > kMostOutput) captured.erase(0, captured.size() - kMostOutput);
  }
};

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;

base::Result<Process> Process::Start(Command command) {
  Launched launched = TRY(Launch(command));
  auto state = std::make_unique<State>(std::move(launched.child));
  state->shown = Shown(command.argv);
  state->output = std::move(launched.output);
  state->whole_output = command.whole_output;
  state->on_line = std::move(command.on_line);
  return Process(std::move(state));
}

pid_t Process::pid() const {
  return state_->child.pid();
}

bool Process::Running() {
  return !state_->Look();
}

base::Result<Exit> Process::Wait(const base::Until& until, base::Duration grace) {
  State& state = *state_;
  const bool ended = state.RunUntil(until);
  if (!ended) {
    Signal(SIGTERM);
    if (!state.RunUntil(base::Until::After(until.clock(), grace))) {
      Signal(SIGKILL);
      // SIGKILL ends it in any case; the bound is against a child stuck in the kernel.
      state.RunUntil(base::Until::After(until.clock(), std::chrono::seconds(10)));
    }
  }
  state.Drain(base::Until::After(until.clock(), kAfterEnd));
  if (!ended) {
    const bool stopped = until.Stopped();
    return base::Fail(stopped ? base::Code::kCancelled : base::Code::kTimeout,
                      "{}: {}; it wrote: {}", state.shown,
                      stopped ? "stopped" : "still running at the deadline, ended",
                      state.captured.empty() ? "nothing" : Tail(state.captured));
  }
  Exit exit = *state.exit;
  exit.output = std::move(state.captured);
  state.captured.clear();
  return exit;
}

void Process::Signal(int signal) {
  kill(-state_->child.pid(), signal);
}

base::Result<Exit> Run(Command command, const base::Until& until) {
  Process process = TRY(Process::Start(std::move(command)));
  return process.Wait(until);
}

base::Result<std::string> RunOrFail(Command command, const base::Until& until) {
  const std::string shown = Shown(command.argv);
  Exit exit = TRY(Run(std::move(command), until));
  if (exit.ok()) return std::move(exit.output);
  return base::Fail(base::Code::kInternal, "{}: {}; it wrote: {}", shown, exit.Describe(),
                    exit.output.empty() ? "nothing" : Tail(exit.output));
}

base::Result<std::string> FindProgram(const std::string& name, const std::string& path) {
  const auto executable = [](const std::string& file) {
    struct stat status {};
    return stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
           access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    if (executable(name)) return name;
    return base::Fail(base::Code::kNotFound, "{}: no such program", name);
  }
  for (const std::string& folder : base::Split(path, ':')) {
    const std::string file = (folder.empty() ? "." : folder) + "/" + name;
    if (executable(file)) return file;
  }
  return base::Fail(base::Code::kNotFound, "no program \"{}\" in PATH \"{}\"", name, path);
}

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

}  // namespace sys
