#include "vmafx/scoring/confine.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/fd.h"
#include "sys/files.h"
#include "sys/process.h"

namespace vmafx::scoring {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class ConfineTest : public ::testing::Test {
 protected:
  ConfineTest() {
    std::ofstream(folder_.path() / "input") << "input";
    std::ofstream(folder_.path() / "secret") << "secret";
    chmod((folder_.path() / "secret").c_str(), 0666);
    input_ = sys::Fd(open((folder_.path() / "input").c_str(), O_RDONLY | O_CLOEXEC));
  }

  std::shared_ptr<const Confinement> Make() {
    auto made = Confinement::Prepare({.program = "/bin/bash", .readable = {input_.get()}});
    EXPECT_TRUE(made.ok()) << made.error().message();
    return std::make_shared<const Confinement>(*std::move(made));
  }

  // How a bash script ends that is confined.
  sys::Exit Script(const std::string& script) {
    const auto confinement = Make();
    sys::Command command;
    command.argv = {"/bin/bash", "--norc", "-c", script};
    command.environment.emplace();
    command.descriptors = {input_.get()};
    command.inherit_others = false;
    command.execute = [confinement](const char*, char* const argv[], char* const envp[]) {
      return confinement->Execute(argv, envp);
    };
    auto exit = sys::Run(std::move(command), base::Until::After(clock_, seconds(60)));
    EXPECT_TRUE(exit.ok()) << exit.error().message();
    return exit.ok() ? *exit : sys::Exit{.status = -1};
  }

  // The errno (0: it worked) of a system call made by a confined child.
  int Try(const std::function<long()>& call) {
    const auto confinement = Make();
    sys::Command command;
    command.argv = {"/bin/bash"};
    command.execute = [confinement, &call](const char*, char* const[], char* const[]) {
      if (const int failed = confinement->PutOn(); failed != 0) _exit(255);
      errno = 0;
      _exit(call() < 0 ? errno : 0);
      return 0;
    };
    auto exit = sys::Run(std::move(command), base::Until::After(clock_, seconds(60)));
    EXPECT_TRUE(exit.ok()) << exit.error().message();
    return exit.ok() ? exit->status : -1;
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("confine");
  sys::Fd input_;
};

TEST_F(ConfineTest, LeavesTheProgramItsInputItsOutputAndItsThreads) {
  const sys::Exit exit =
      Script("read -r text <&3; echo \"$text\"; read -r text < /dev/fd/3; echo \"$text\"");

  EXPECT_EQ(exit.output, "input\ninput\n");
  EXPECT_EQ(exit.status, 0);
}

TEST_F(ConfineTest, RefusesSockets) {
  EXPECT_EQ(Try([] { return socket(AF_INET, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(Try([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(Try([] {
              int pair[2];
              return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
            }),
            EPERM);
  EXPECT_THAT(Script("exec 5<>/dev/tcp/127.0.0.1/1").output, HasSubstr("Operation not permitted"));
}

TEST_F(ConfineTest, RefusesOtherFilesWhereTheKernelHasLandlock) {
  const std::string secret = folder_.path() / "secret";
  const bool restricted = Make()->restricts_files();

  EXPECT_EQ(Try([&] { return open(secret.c_str(), O_RDONLY); }), restricted ? EACCES : 0);
  EXPECT_EQ(Try([] { return open("/etc/passwd", O_RDONLY); }), restricted ? EACCES : 0);
  EXPECT_EQ(Try([] { return open("/proc/self/environ", O_RDONLY); }), restricted ? EACCES : 0);
  EXPECT_EQ(Try([this] {
              char path[] = "/dev/fd/000";
              std::snprintf(path, sizeof path, "/dev/fd/%d", input_.get());
              return open(path, O_RDONLY);
            }),
            0);
}

TEST_F(ConfineTest, RefusesToWriteToAnyFile) {
  const std::string secret = folder_.path() / "secret";
  const std::string fresh = folder_.path() / "new";

  for (const int flags : {O_WRONLY, O_RDWR, O_WRONLY | O_TRUNC, O_RDONLY | O_TRUNC}) {
    EXPECT_EQ(Try([&] { return open(secret.c_str(), flags); }), EPERM) << flags;
  }
  EXPECT_EQ(Try([&] { return open(fresh.c_str(), O_RDONLY | O_CREAT, 0600); }), EPERM);
  EXPECT_EQ(Try([&] { return unlink(secret.c_str()); }), EPERM);
  EXPECT_EQ(Try([&] { return rename(secret.c_str(), fresh.c_str()); }), EPERM);
  EXPECT_EQ(Try([&] { return mkdir(fresh.c_str(), 0700); }), EPERM);
  EXPECT_EQ(Try([&] { return chmod(secret.c_str(), 0600); }), EPERM);
  EXPECT_EQ(Try([&] { return truncate(secret.c_str(), 0); }), EPERM);
  EXPECT_EQ(*sys::ReadFile(secret), "secret");
}

TEST_F(ConfineTest, RefusesOtherProgramsAndProcesses) {
  const sys::Exit other = Script("exec /bin/true");
  EXPECT_EQ(other.signal, SIGSYS) << other.Describe();
  const sys::Exit same = Script("exec /bin/bash -c 'echo again'");
  EXPECT_EQ(same.signal, SIGSYS) << same.Describe();
  EXPECT_THAT(Script("(echo forked)").output, HasSubstr("fork: Operation not permitted"));

  EXPECT_EQ(Try([] { return syscall(SYS_fork); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_vfork); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_clone3, 0, 0); }), ENOSYS);
  EXPECT_EQ(Try([] { return syscall(SYS_execveat, 0, "", 0, 0, AT_EMPTY_PATH); }), 128 + SIGSYS);
}

TEST_F(ConfineTest, RefusesToTouchTheSystemAndOtherProcesses) {
  const pid_t parent = getpid();
  EXPECT_EQ(Try([&] { return ptrace(PTRACE_ATTACH, parent, 0, 0); }), EPERM);
  EXPECT_EQ(Try([&] { return kill(parent, 0); }), EPERM);
  EXPECT_EQ(Try([&] { return syscall(SYS_tgkill, parent, parent, 0); }), EPERM);
  EXPECT_EQ(Try([&] { return syscall(SYS_pidfd_open, parent, 0); }), EPERM);
  EXPECT_EQ(Try([&] { return fcntl(0, F_SETOWN, parent); }), EPERM);
  EXPECT_EQ(Try([] { return mount("none", "/tmp", "tmpfs", 0, nullptr); }), EPERM);
  EXPECT_EQ(Try([] { return unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(Try([] { return setns(0, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_bpf, 0, 0, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_io_uring_setup, 1, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_userfaultfd, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_memfd_create, "x", 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_keyctl, 0, 0); }), EPERM);
  EXPECT_EQ(Try([] { return syscall(SYS_personality, 0xffffffff); }), EPERM);
  EXPECT_EQ(Try([] { return setuid(0); }), EPERM);
  EXPECT_EQ(Try([] { return prctl(PR_SET_DUMPABLE, 1); }), EPERM);
  EXPECT_EQ(Try([] {
              const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
              return setrlimit(RLIMIT_FSIZE, &more);
            }),
            EPERM);
}

TEST_F(ConfineTest, LimitsMemoryAndTimeAndFiles) {
  const sys::Exit exit = Script("ulimit -v; ulimit -t; ulimit -f; ulimit -c; ulimit -n");

  EXPECT_EQ(exit.output, "8388608\n86400\n0\n0\n64\n");
}

TEST_F(ConfineTest, PutsItselfOnThisThreadOnlyInTheChild) {
  Script("echo confined");

  EXPECT_GE(sys::Fd(socket(AF_INET, SOCK_STREAM, 0)).get(), 0);
}

TEST_F(ConfineTest, NeedsAnAbsolutePath) {
  EXPECT_TRUE(Confinement::Prepare({.program = "bash"}).Is(base::Code::kInvalid));
  EXPECT_TRUE(
      Confinement::Prepare({.program = "/" + std::string(5000, 'x')}).Is(base::Code::kInvalid));
  if (Make()->restricts_files()) {
    EXPECT_TRUE(Confinement::Prepare({.program = "/nonexistent/ffmpeg"}).Is(base::Code::kNotFound));
  }
}

}  // namespace
}  // namespace vmafx::scoring
