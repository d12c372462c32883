#include "sys/identity.h"

#include <unistd.h>

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sys {
namespace {

base::Result<std::string> Boot() {
  return std::string(base::Trim(TRY(ReadFile("/proc/sys/kernel/random/boot_id", 100))));
}

// "pid:[4026531836]".
base::Result<std::string> PidNamespace() {
  std::array<char, 100> target{};
  const ssize_t size = readlink("/proc/self/ns/pid", target.data(), target.size());
  if (size < 0) return SystemError(errno, "/proc/self/ns/pid");
  return std::string(target.data(), static_cast<size_t>(size));
}

// In clock ticks since the boot: the 22nd field of /proc/PID/stat. The second one is the command's
// name in parentheses, which may hold anything.
base::Result<std::string> StartTime(int pid) {
  const std::string text = TRY(ReadFile(fmt::format("/proc/{}/stat", pid), 4096));
  const size_t behind_name = text.rfind(')');
  const auto fields =
      base::Split(behind_name == std::string::npos ? "" : text.substr(behind_name), ' ');
  constexpr size_t kStartTime = 22 - 2;
  if (fields.size() <= kStartTime)
    return base::Fail(base::Code::kInternal, "/proc/{}/stat has {} fields", pid, fields.size());
  // A zombie has ended; only its parent has not looked yet.
  if (fields[1] == "Z") return base::Fail(base::Code::kNotFound, "process {} has ended", pid);
  return fields[kStartTime];
}

}  // namespace

base::Result<std::string> ProcessIdentity() {
  const int pid = getpid();
  return fmt::format("{}/{}/{}/{}", TRY(Boot()), TRY(PidNamespace()), pid, TRY(StartTime(pid)));
}

Life LifeOf(std::string_view identity) {
  const auto parts = base::Split(identity, '/');
  const auto boot = Boot();
  const auto space = PidNamespace();
  if (parts.size() != 4 || !boot.ok() || !space.ok() || parts[0] != *boot || parts[1] != *space)
    return Life::kElsewhere;
  int pid = 0;
  const auto parsed = std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), pid);
  if (parsed.ec != std::errc()) return Life::kElsewhere;
  const auto started = StartTime(pid);
  return started.ok() && *started == parts[3] ? Life::kAlive : Life::kDead;
}

}  // namespace sys
