#include "vmafx/scoring/syscall_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include <seccomp.h>

#include "sys/error.h"
#include "sys/fd.h"

namespace vmafx::scoring {
namespace {

// What computing, threads, memory and files that are open already take.
constexpr int kAllowed[] = {
    // memory
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(munmap), SCMP_SYS(mremap),
    SCMP_SYS(madvise), SCMP_SYS(membarrier),
    // open files
    SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx), SCMP_SYS(fstatfs),
    SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
    SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
    SCMP_SYS(fadvise64), SCMP_SYS(getdents64), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
    SCMP_SYS(pselect6),
    // threads and time
    SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getcpu), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
    // its own signals, and who it is
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getpgrp), SCMP_SYS(getpgid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage), SCMP_SYS(getpriority), SCMP_SYS(uname), SCMP_SYS(sysinfo),
    SCMP_SYS(getrandom)};

// Not F_SETOWN and the like, which send signals to other processes.
constexpr int kFileCommands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL};

struct Release {
  void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};
using Filter = std::unique_ptr<void, Release>;

// Collects the first failure of many calls that return a negative errno.
class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  template <typename... Arguments>
  void Add(uint32_t action, int call, Arguments... arguments) {
    const int failed = seccomp_rule_add(filter_, action, call,
                                        static_cast<unsigned>(sizeof...(arguments)), arguments...);
    // A system call that this processor does not have cannot be made either.
    if (failed != 0 && failed != -EDOM && error_ == 0) error_ = -failed;
  }
  void Set(scmp_filter_attr attribute, uint32_t value) {
    const int failed = seccomp_attr_set(filter_, attribute, value);
    if (failed != 0 && error_ == 0) error_ = -failed;
  }
  int error() const { return error_; }

 private:
  scmp_filter_ctx filter_;
  int error_ = 0;
};

void AddRules(Rules& rules, const char* program) {
  rules.Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const int call : kAllowed) rules.Add(SCMP_ACT_ALLOW, call);

  const auto address = reinterpret_cast<uint64_t>(program);
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(execve), SCMP_A0_64(SCMP_CMP_EQ, address));
  rules.Add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(execve), SCMP_A0_64(SCMP_CMP_NE, address));
  rules.Add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(execveat));

  // Threads, not processes. clone3 hides its flags in memory, where a filter cannot look: with
  // ENOSYS the C library falls back to clone.
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(clone),
            SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  rules.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));

  // Opening to read. Which files, Landlock says. openat2 hides its flags too.
  constexpr uint64_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(openat), SCMP_A2_64(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(open), SCMP_A1_64(SCMP_CMP_MASKED_EQ, kWriting, O_RDONLY));
  rules.Add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2));

  for (const int command : kFileCommands) {
    rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl),
              SCMP_A1_64(SCMP_CMP_EQ, static_cast<uint64_t>(command)));
  }
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), SCMP_A0_64(SCMP_CMP_EQ, PR_SET_NAME));
  rules.Add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), SCMP_A0_64(SCMP_CMP_EQ, 0),
            SCMP_A2_64(SCMP_CMP_EQ, 0));
  rules.Add(SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl));
}

base::Error Failed(int error) {
  return sys::SystemError(error, "making the filter of system calls");
}

}  // namespace

base::Result<std::vector<sock_filter>> MakeSyscallFilter(const char* program) {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return Failed(ENOMEM);
  Rules rules(filter.get());
  AddRules(rules, program);
  if (rules.error() != 0) return Failed(rules.error());

  sys::Fd memory(memfd_create("filter", MFD_CLOEXEC));
  if (!memory.valid()) return Failed(errno);
  if (const int failed = seccomp_export_bpf(filter.get(), memory.get()); failed != 0) {
    return Failed(-failed);
  }
  struct stat info {};
  if (fstat(memory.get(), &info) != 0) return Failed(errno);
  std::vector<sock_filter> instructions(static_cast<size_t>(info.st_size) / sizeof(sock_filter));
  const size_t bytes = instructions.size() * sizeof(sock_filter);
  const ssize_t got = pread(memory.get(), instructions.data(), bytes, 0);
  if (got != info.st_size || static_cast<size_t>(got) != bytes) return Failed(EIO);
  return instructions;
}

}  // namespace vmafx::scoring
