#include "sys/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "sys/error.h"

namespace sys {
namespace {

constexpr unsigned kCloseOnExec = 1U << 2;  // CLOSE_RANGE_CLOEXEC of linux/close_range.h

// What the new child does between fork and exec, all prepared beforehand: only calls that are safe
// after fork in a program with threads (signal-safety(7)) are left to it.
struct Plan {
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

[[noreturn]] void GiveUp(const Plan& plan, Failure::Stage stage) {
  const Failure failure{stage, errno};
  // A report that cannot be written is seen as an end without one.
  if (write(plan.report, &failure, sizeof failure) < 0) _exit(126);
  _exit(127);
}

void DefaultSignals() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void RunChild(const Plan& plan) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != plan.parent) _exit(126);  // it died before the line above
  DefaultSignals();
  dup2(plan.input, STDIN_FILENO);
  dup2(plan.output, STDOUT_FILENO);
  dup2(plan.errors, STDERR_FILENO);
  unsigned next = STDERR_FILENO + 1;
  for (const int descriptor : plan.descriptors) dup2(descriptor, static_cast<int>(next++));
  // Before Linux 5.11 there is no such flag: then nobody is closed who did not ask for it.
  if (!plan.inherit_others) syscall(SYS_close_range, next, ~0U, kCloseOnExec);
  if (plan.directory != nullptr && chdir(plan.directory) != 0) GiveUp(plan, Failure::kDirectory);
  if (plan.execute) {
    errno = plan.execute(plan.program, plan.argv, plan.envp);
  } else {
    execve(plan.program, plan.argv, plan.envp);
  }
  GiveUp(plan, Failure::kExec);
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

// The parent's copies of what the child gets, at numbers where the child's dup2 overwrites none.
struct Ends {
  Fd input;
  Pipe output;  // stdout and stderr
  Fd separate;  // stdout, where it does not go with stderr
  std::vector<Fd> others;
  std::vector<int> descriptors;  // those of `others`
  Pipe report;                   // of a failure before the program runs
};

base::Result<Ends> OpenEnds(const Command& command) {
  Ends ends;
  ends.input = TRY(OpenInput(command.input));
  ends.report = TRY(MakePipe());
  if (command.output_path.empty()) {
    ends.output = TRY(MakePipe());
  } else {
    ends.output.write =
        Fd(open(command.output_path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!ends.output.write.valid()) return SystemError(errno, command.output_path);
  }
  const int lowest = STDERR_FILENO + 1 + static_cast<int>(command.descriptors.size());
  for (Fd* fd : {&ends.input, &ends.report.write, &ends.output.write}) TRY(MoveUp(*fd, lowest));
  for (const int descriptor : command.descriptors) {
    ends.others.push_back(TRY(DuplicateFrom(descriptor, lowest)));
    ends.descriptors.push_back(ends.others.back().get());
  }
  if (command.output_fd >= 0) ends.separate = TRY(DuplicateFrom(command.output_fd, lowest));
  return ends;
}

}  // namespace

Child::Child(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))) {
  CHECK(pidfd_.valid());
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Child::~Child() {
  if (pid_ < 0) return;
  // The ended child is kept as a zombie until here, so that its number, which is also its group's,
  // can mean nobody else.
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

base::Result<Launched> Launch(Command& command) {
  Prepared prepared = TRY(Prepare(command));
  Ends ends = TRY(OpenEnds(command));
  std::vector<char*> argv = Pointers(command.argv);
  std::vector<char*> envp = Pointers(prepared.environment);
  const Plan plan{prepared.program.c_str(),
                  argv.data(),
                  envp.data(),
                  command.directory.empty() ? nullptr : command.directory.c_str(),
                  ends.input.get(),
                  ends.separate.valid() ? ends.separate.get() : ends.output.write.get(),
                  ends.output.write.get(),
                  ends.report.write.get(),
                  ends.descriptors,
                  command.inherit_others,
                  command.execute,
                  getpid()};
  const pid_t pid = fork();
  if (pid < 0) return SystemError(errno, fmt::format("starting {}", command.argv[0]));
  if (pid == 0) RunChild(plan);
  Child child(pid);

  ends.report.write.Reset();
  Failure failure{};
  ssize_t count;
  while ((count = read(ends.report.read.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (count == sizeof failure) return LaunchError(failure, command, prepared.program);
  return Launched{std::move(child), std::move(ends.output.read)};
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

}  // namespace sys
