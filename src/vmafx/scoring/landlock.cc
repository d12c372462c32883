#include "vmafx/scoring/landlock.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/error.h"

namespace vmafx::scoring {
namespace {

// linux/landlock.h of today; that of Debian 12 knows only its second version.
struct RulesetAttributes {
  uint64_t handled_files = 0;
  uint64_t handled_network = 0;  // from version 4
  uint64_t scoped = 0;           // from version 6
};
struct [[gnu::packed]] PathRule {
  uint64_t allowed;
  int32_t parent;
};
constexpr unsigned kAskForVersion = 1;
constexpr int kPathRule = 1;
constexpr uint64_t kExecute = 1U << 0;
constexpr uint64_t kReadFile = 1U << 2;
constexpr uint64_t kReadFolder = 1U << 3;
constexpr uint64_t kBindAndConnect = 3;
constexpr uint64_t kSocketsAndSignals = 3;

// Number of the access rights of files that each version knows.
int RightsOf(int version) {
  if (version >= 5) return 16;  // ioctl of devices
  if (version >= 3) return 15;  // truncate
  if (version >= 2) return 14;  // link between folders
  return 13;
}

// Where the dynamic loader looks. Nothing in them is secret, and nothing in them can be executed:
// the filter of system calls knows one program only.
constexpr const char* kLibraries[] = {"/lib",       "/lib64",         "/usr/lib",
                                      "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"};

base::Result<> Allow(int rules, int file, uint64_t rights, const std::string& what) {
  const PathRule rule{rights, file};
  if (syscall(SYS_landlock_add_rule, rules, kPathRule, &rule, 0) == 0) return base::Ok();
  return sys::SystemError(errno, "a file rule for " + what);
}

}  // namespace

base::Result<sys::Fd> MakeFileRules(const std::filesystem::path& program,
                                    const std::vector<int>& readable) {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskForVersion);
  if (version < 1) return sys::Fd();
  RulesetAttributes attributes;
  attributes.handled_files = (uint64_t{1} << RightsOf(static_cast<int>(version))) - 1;
  size_t size = sizeof attributes.handled_files;
  if (version >= 4) {
    attributes.handled_network = kBindAndConnect;
    size += sizeof attributes.handled_network;
  }
  if (version >= 6) {
    attributes.scoped = kSocketsAndSignals;
    size += sizeof attributes.scoped;
  }
  sys::Fd rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!rules.valid()) return sys::SystemError(errno, "rules for files");

  const sys::Fd file(open(program.c_str(), O_PATH | O_CLOEXEC));
  if (!file.valid()) return sys::SystemError(errno, program.string());
  TRY(Allow(rules.get(), file.get(), kExecute | kReadFile, program.string()));
  for (const int input : readable) TRY(Allow(rules.get(), input, kReadFile, "the input"));
  for (const char* path : kLibraries) {
    const sys::Fd library(open(path, O_PATH | O_CLOEXEC));
    if (!library.valid()) continue;
    const bool folder = std::filesystem::is_directory(path);
    const uint64_t rights = kReadFile | kExecute | (folder ? kReadFolder : 0);
    TRY(Allow(rules.get(), library.get(), rights, path));
  }
  return rules;
}

int RestrictFiles(int rules) {
  return static_cast<int>(syscall(SYS_landlock_restrict_self, rules, 0));
}

}  // namespace vmafx::scoring
