#include "vmafx/scoring/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "sys/error.h"
#include "sys/fd.h"
#include "vmafx/scoring/landlock.h"
#include "vmafx/scoring/syscall_filter.h"

namespace vmafx::scoring {
namespace {

constexpr size_t kPage = 4096;
constexpr int kOpenFiles = 64;

struct Limit {
  int resource;
  rlim_t most;
};

// A page at an address that nobody can guess, with `text` in it.
class SecretPage {
 public:
  ~SecretPage() {
    if (page_ != MAP_FAILED) munmap(page_, kPage);
  }
  SecretPage() = default;
  SecretPage(const SecretPage&) = delete;
  SecretPage& operator=(const SecretPage&) = delete;

  base::Result<> Fill(const std::string& text) {
    CHECK(text.size() < kPage);
    uint64_t random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
      return sys::SystemError(errno, "random numbers");
    }
    // 34 random bits of page number below the end of user space (46 bits on every machine we know).
    void* wanted = reinterpret_cast<void*>((random >> 18) / kPage * kPage);
    page_ = mmap(wanted, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page_ == MAP_FAILED) return sys::SystemError(errno, "memory for a path");
    std::memcpy(page_, text.c_str(), text.size() + 1);
    return base::Ok();
  }
  const char* text() const { return static_cast<const char*>(page_); }

 private:
  void* page_ = MAP_FAILED;
};

}  // namespace

struct Confinement::State {
  SecretPage program;
  std::vector<sock_filter> filter;
  sys::Fd files;  // the Landlock ruleset; empty where the kernel has none
  std::vector<Limit> limits;
};

Confinement::Confinement(std::unique_ptr<State> state) : state_(std::move(state)) {}
Confinement::Confinement(Confinement&&) noexcept = default;
Confinement::~Confinement() = default;

base::Result<Confinement> Confinement::Prepare(const ConfineOptions& options) {
  const std::string program = options.program.string();
  if (!options.program.is_absolute() || program.size() >= kPage) {
    return base::Fail(base::Code::kInvalid, "program \"{}\" is not an absolute path", program);
  }
  auto state = std::make_unique<State>();
  TRY(state->program.Fill(program));
  state->filter = TRY(MakeSyscallFilter(state->program.text()));
  state->files = TRY(MakeFileRules(options.program, options.readable));
  // Not RLIMIT_NPROC: it counts the threads of all processes of the user. The filter allows threads
  // and refuses processes.
  state->limits = {{RLIMIT_AS, options.address_space},
                   {RLIMIT_CPU, options.cpu_seconds},
                   {RLIMIT_FSIZE, 0},
                   {RLIMIT_CORE, 0},
                   {RLIMIT_NOFILE, kOpenFiles},
                   {RLIMIT_MSGQUEUE, 0}};
  return Confinement(std::move(state));
}

bool Confinement::restricts_files() const {
  return state_->files.valid();
}

int Confinement::PutOn() const {
  const State& state = *state_;
  for (const Limit& limit : state.limits) {
    rlimit now{};
    getrlimit(static_cast<__rlimit_resource_t>(limit.resource), &now);
    const rlimit wanted{std::min(limit.most, now.rlim_max), std::min(limit.most, now.rlim_max)};
    if (setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &wanted) != 0) return errno;
  }
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  if (state.files.valid() && RestrictFiles(state.files.get()) != 0) return errno;
  sock_fprog program{};
  program.len = static_cast<unsigned short>(state.filter.size());
  program.filter = const_cast<sock_filter*>(state.filter.data());
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0 ? 0 : errno;
}

int Confinement::Execute(char* const argv[], char* const envp[]) const {
  if (const int failed = PutOn(); failed != 0) return failed;
  execve(state_->program.text(), argv, envp);
  return errno;
}

}  // namespace vmafx::scoring
