#include "cluster/native/enter.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

#include "sys/error.h"
#include "sys/mounts.h"

namespace cluster::native {

namespace {

constexpr int kNodeGone = 125;
constexpr int kNoProgram = 127;

int Complain(int status, const base::Error& error) {
  fmt::print(stderr, "seatrial: {}\n", error.message());
  return status;
}

[[noreturn]] void Execute(const std::vector<std::string>& argv) {
  std::vector<std::string> texts = argv;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(Complain(errno == ENOENT ? kNoProgram : 126,
                 sys::SystemError(errno, fmt::format("running {}", argv[0]))));
}

// The cluster's names in a mount namespace that only this process has.
base::Result<> UseResolver(const std::string& resolv_conf) {
  if (access("/etc/resolv.conf", F_OK) != 0) return base::Ok();  // nobody resolves here
  if (unshare(CLONE_NEWNS) != 0) return sys::SystemError(errno, "a mount namespace");
  TRY(sys::Mount("", "/", "", MS_REC | MS_SLAVE));
  return sys::Mount(resolv_conf, "/etc/resolv.conf", "", MS_BIND);
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::vector<std::string> EnterCommand(const std::filesystem::path& program, const Cluster& cluster,
                                      Inside inside, const std::vector<std::string>& argv) {
  std::vector<std::string> command = {
      program.string(), "capsule-enter", std::to_string(cluster.init_pid),
      inside == Inside::kNode ? "node" : "network", Layout{cluster.folder}.ResolvConf().string()};
  command.insert(command.end(), argv.begin(), argv.end());
  return command;
}

int RunEnter(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4)
    return Complain(kNodeGone,
                    base::Error(base::Code::kInvalid, "capsule-enter: arguments missing"));
  const bool node = arguments[1] == "node";
  const pid_t pid = std::atoi(arguments[0].c_str());
  sys::Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  const int spaces =
      node ? CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC : CLONE_NEWNET;
  if (!pidfd.valid() || setns(pidfd.get(), spaces) != 0)
    return Complain(kNodeGone, sys::SystemError(errno, "entering the node"));
  pidfd.Reset();
  const std::vector<std::string> argv(arguments.begin() + 3, arguments.end());
  if (!node) {
    const auto resolver = UseResolver(arguments[2]);
    if (!resolver.ok()) return Complain(kNodeGone, resolver.error());
    Execute(argv);
  }
  // The new PID namespace is that of children only.
  const pid_t child = fork();
  if (child < 0) return Complain(kNodeGone, sys::SystemError(errno, "starting the command"));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Execute(argv);
  }
  return WaitFor(child);
}

base::Result<sys::Fd> SocketInside(int pidfd, int family, int type) {
  sys::Fd result;
  int problem = 0;
  std::thread([&] {
    if (setns(pidfd, CLONE_NEWNET) == 0) result = sys::Fd(socket(family, type | SOCK_CLOEXEC, 0));
    problem = errno;
  }).join();
  if (!result.valid()) return sys::SystemError(problem, "a socket in the node's network");
  return result;
}

}  // namespace cluster::native
