#include "cluster/native/capsule.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <climits>

#include "sys/error.h"

namespace cluster::native {

namespace {

// Above the numbers that the child fills with dup2.
base::Result<sys::Fd> CopyHigh(int fd) {
  sys::Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (!copy.valid()) return sys::SystemError(errno, "a file descriptor");
  return copy;
}

// After fork: only calls that are safe in a program with threads (signal-safety(7)).
[[noreturn]] void Become(char* const* argv, char* const* environment, int null, int log,
                         int control, int lock) {
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(null, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  dup2(control, kControlFd);
  dup2(lock, kLockFd);
  // What our own starter left open (a shell's lock, say) is not to live as long as the node.
  syscall(SYS_close_range, kLockFd + 1, ~0U, 0);
  execve(argv[0], argv, environment);
  _exit(127);  // the control channel closes: the other end sees that
}

}  // namespace

base::Result<Capsule> StartCapsule(const CapsuleSpec& spec) {
  sys::Fd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  sys::Fd log(open(spec.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!null.valid() || !log.valid()) return sys::SystemError(errno, spec.log.string());
  const sys::Fd high_null = TRY(CopyHigh(null.get()));
  const sys::Fd high_log = TRY(CopyHigh(log.get()));
  const sys::Fd control = TRY(CopyHigh(spec.control));
  const sys::Fd lock = TRY(CopyHigh(spec.lock));

  std::string program = spec.program.string();
  std::string command = "capsule-init";
  std::string folder = spec.folder.string();
  char* argv[] = {program.data(), command.data(), folder.data(), nullptr};
  char* environment[] = {nullptr};
  int pidfd = -1;
  const long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
                     CLONE_PIDFD | SIGCHLD;
  const long pid = syscall(SYS_clone, flags, nullptr, &pidfd, nullptr, 0);
  if (pid == 0)
    Become(argv, environment, high_null.get(), high_log.get(), control.get(), lock.get());
  if (pid < 0) return sys::SystemError(errno, "making namespaces for the node");
  return Capsule{static_cast<pid_t>(pid), sys::Fd(pidfd)};
}

base::Result<> EndCapsule(int pidfd, const base::Until& until) {
  if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) != 0 && errno != ESRCH)
    return sys::SystemError(errno, "ending the node");
  // PID 1 ends only after all others of its namespace (pid_namespaces(7)).
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until.Left()).count();
    pollfd fd{pidfd, POLLIN, 0};
    const int ready = poll(&fd, 1, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
    if (ready > 0) break;
    if (ready == 0) return base::Fail(base::Code::kTimeout, "the node's processes do not end");
    if (errno != EINTR) return sys::SystemError(errno, "waiting for the node's end");
  }
  // Only if it is our own child; otherwise somebody else reaps it.
  siginfo_t info{};
  waitid(P_PIDFD, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG);
  return base::Ok();
}

}  // namespace cluster::native
