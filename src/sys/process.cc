#include "sys/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include <climits>

#include "base/check.h"
#include "base/text.h"
#include "sys/error.h"

namespace sys {

namespace {

using std::chrono::milliseconds;

constexpr size_t kMostOutput = size_t{1} << 20;
constexpr size_t kTail = 2000;
constexpr base::Duration kAfterEnd = milliseconds(100);
constexpr unsigned kCloseOnExec = 1U << 2;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

// What the new child does between fork and exec, all prepared beforehand: only calls that are safe
// after fork in a program with threads (signal-safety(7)) are left to it.
struct Launch {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* directory;  // or null
  int input;
  int output;
  int errors;
  int report;                           // where a failure goes: Failure
  const std::vector<int>& descriptors;  // all of them above where they go
  bool inherit_others;
  const std::function<int(const char*, char* const[], char* const[])>& execute;
  pid_t parent;
};

struct Failure {
  enum Stage { kDirectory, kExec } stage;
  int error_number;
};

[[noreturn]] void GiveUp(const Launch& launch, Failure::Stage stage) {
  const Failure failure{stage, errno};
  // A report that cannot be written is seen as an end without one.
  if (write(launch.report, &failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

void DefaultSignals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void Child(const Launch& launch) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(126);  // it died before the line above
  DefaultSignals();
  dup2(launch.input, STDIN_FILENO);
  dup2(launch.output, STDOUT_FILENO);
  dup2(launch.errors, STDERR_FILENO);
  unsigned next = STDERR_FILENO + 1;
  for (const int descriptor : launch.descriptors) dup2(descriptor, static_cast<int>(next++));
  // Before Linux 5.11 there is no such flag: then nobody is closed who did not ask for it.
  if (!launch.inherit_others) syscall(SYS_close_range, next, ~0U, kCloseOnExec);
  if (launch.directory != nullptr && chdir(launch.directory) != 0)
    GiveUp(launch, Failure::kDirectory);
  if (launch.execute) {
    errno = launch.execute(launch.program, launch.argv, launch.envp);
  } else {
    execve(launch.program, launch.argv, launch.envp);
  }
  GiveUp(launch, Failure::kExec);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The input as a file in memory: it cannot block, whatever the child reads of it.
base::Result<Fd> OpenInput(const std::string& input) {
  if (input.empty()) {
    Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!null.valid()) return SystemError(errno, "/dev/null");
    return null;
  }
  Fd memory(memfd_create("stdin", MFD_CLOEXEC));
  if (!memory.valid()) return SystemError(errno, "memory for a command's input");
  size_t done = 0;
  while (done < input.size()) {
    const ssize_t count = write(memory.get(), input.data() + done, input.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError(errno, "memory for a command's input");
    done += static_cast<size_t>(count);
  }
  lseek(memory.get(), 0, SEEK_SET);
  return memory;
}

struct Pipe {
  Fd read;
  Fd write;
};

base::Result<Pipe> MakePipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return SystemError(errno, "a pipe");
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

base::Result<Fd> DuplicateFrom(int fd, int lowest) {
  Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, lowest));
  if (!copy.valid()) return SystemError(errno, "a file descriptor");
  return copy;
}

// Descriptors below `lowest` are the child's own; a pipe of ours that lands there would be
// overwritten by the child's dup2.
base::Result<> MoveUp(Fd& fd, int lowest) {
  if (fd.get() < lowest) fd = TRY(DuplicateFrom(fd.get(), lowest));
  return base::Ok();
}

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
  std::string shown;  // for messages
  pid_t pid = -1;
  Fd pidfd;
  Fd output;  // read end, or empty
  bool whole_output = false;
  std::function<void(std::string_view)> on_line;
  std::string line;  // an unfinished one
  std::string captured;
  std::optional<Exit> exit;

  ~State() {
    if (pid < 0) return;
    // The ended child is kept as a zombie until here, so that its number, which is also its
    // group's, can mean nobody else.
    kill(-pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  // True when the child has ended; then `exit` is set.
  bool Look() {
    if (exit) return true;
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
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
      pollfd fds[] = {
          {exit ? -1 : pidfd.get(), POLLIN, 0}, {wake.get(), POLLIN, 0}, {output.get(), POLLIN, 0}};
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

namespace {

struct Prepared {
  std::string program;
  std::vector<std::string> environment;
};

base::Result<Prepared> Prepare(const Command& command) {
  if (command.argv.empty() || command.argv[0].empty())
    return base::Fail(base::Code::kInvalid, "a command without a program");
  const std::map<std::string, std::string> environment =
      command.environment ? *command.environment : Environment();
  Prepared prepared;
  prepared.program = command.argv[0];
  if (prepared.program.find('/') == std::string::npos) {
    const auto path = environment.find("PATH");
    prepared.program =
        TRY(FindProgram(prepared.program, path == environment.end() ? "" : path->second));
  }
  for (const auto& [key, value] : environment) prepared.environment.push_back(key + "=" + value);
  return prepared;
}

base::Error LaunchError(const Failure& failure, const Command& command,
                        const std::string& program) {
  if (failure.stage == Failure::kDirectory)
    return SystemError(failure.error_number,
                       fmt::format("{}: working directory {}", command.argv[0], command.directory));
  if (failure.error_number == ENOENT)
    return base::Fail(base::Code::kNotFound, "{}: no such program (or its interpreter is missing)",
                      program);
  return SystemError(failure.error_number, fmt::format("{}: executing it", program));
}

}  // namespace

base::Result<Process> Process::Start(Command command) {
  Prepared prepared = TRY(Prepare(command));
  Fd input = TRY(OpenInput(command.input));
  Pipe report = TRY(MakePipe());
  Pipe output;
  if (command.output_path.empty()) {
    output = TRY(MakePipe());
  } else {
    output.write =
        Fd(open(command.output_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!output.write.valid()) return SystemError(errno, command.output_path);
  }
  const int lowest = STDERR_FILENO + 1 + static_cast<int>(command.descriptors.size());
  for (Fd* fd : {&input, &report.write, &output.write}) TRY(MoveUp(*fd, lowest));
  std::vector<Fd> copies;
  std::vector<int> descriptors;
  for (const int descriptor : command.descriptors) {
    copies.push_back(TRY(DuplicateFrom(descriptor, lowest)));
    descriptors.push_back(copies.back().get());
  }
  Fd separate;  // stdout, where it does not go with stderr
  if (command.output_fd >= 0) separate = TRY(DuplicateFrom(command.output_fd, lowest));

  std::vector<char*> argv = Pointers(command.argv);
  std::vector<char*> envp = Pointers(prepared.environment);
  const Launch launch{prepared.program.c_str(),
                      argv.data(),
                      envp.data(),
                      command.directory.empty() ? nullptr : command.directory.c_str(),
                      input.get(),
                      separate.valid() ? separate.get() : output.write.get(),
                      output.write.get(),
                      report.write.get(),
                      descriptors,
                      command.inherit_others,
                      command.execute,
                      getpid()};
  auto state = std::make_unique<State>();
  const pid_t pid = fork();
  if (pid < 0) return SystemError(errno, fmt::format("starting {}", command.argv[0]));
  if (pid == 0) Child(launch);
  state->pid = pid;
  state->pidfd = Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  CHECK(state->pidfd.valid());

  report.write.Reset();
  Failure failure{};
  ssize_t count;
  while ((count = read(report.read.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (count == sizeof failure) return LaunchError(failure, command, prepared.program);
  state->shown = Shown(command.argv);
  state->output = std::move(output.read);
  state->whole_output = command.whole_output;
  state->on_line = std::move(command.on_line);
  return Process(std::move(state));
}

pid_t Process::pid() const {
  return state_->pid;
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
  kill(-state_->pid, signal);
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

base::Result<> Replace(std::vector<std::string> argv,
                       const std::map<std::string, std::string>& environment) {
  Command command;
  command.argv = argv;
  command.environment = environment;
  Prepared prepared = TRY(Prepare(command));
  std::vector<char*> arguments = Pointers(argv);
  std::vector<char*> variables = Pointers(prepared.environment);
  DefaultSignals();
  execve(prepared.program.c_str(), arguments.data(), variables.data());
  return LaunchError({Failure::kExec, errno}, command, prepared.program);
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
