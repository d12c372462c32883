#include "cluster/kind/stragglers.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "sys/piped_process.h"

namespace cluster::kind {

namespace fs = std::filesystem;

namespace {

constexpr auto kMost = std::chrono::seconds(30);
constexpr size_t kWordsShown = 4;  // docker run --name NODE

// A client that makes a container.
struct Maker {
  sys::Fd pidfd;
  std::string what;  // for messages
};

// The process, if it is `docker run ...`, or another engine's client, as kind calls it.
std::optional<Maker> AsMaker(pid_t pid) {
  // Opened before it is looked at: numbers are used again.
  Maker maker{sys::Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))), ""};
  const auto text = sys::ReadFile(fmt::format("/proc/{}/cmdline", pid));
  if (!maker.pidfd.valid() || !text.ok()) return std::nullopt;
  auto words = base::Split(*text, '\0');
  if (words.size() < 2 || words[1] != "run") return std::nullopt;
  const std::string name = fs::path(words[0]).filename();
  if (name != "docker" && name != "podman" && name != "nerdctl") return std::nullopt;
  words.resize(std::min(words.size(), kWordsShown));
  maker.what = fmt::format("`{}` (process {})", base::Trim(base::Join(words, " ")), pid);
  return maker;
}

std::optional<Maker> FindMaker(pid_t group) {
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator("/proc", problem)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || getpgid(pid) != group) continue;
    if (auto maker = AsMaker(pid)) return maker;
  }
  return std::nullopt;
}

}  // namespace

base::Result<> AwaitContainers(pid_t group, const base::Until& until) {
  const base::Until bound = until.Within(kMost);
  if (group <= 0) return base::Ok();
  while (const auto maker = FindMaker(group)) {
    TRY(sys::AwaitReadable(maker->pidfd.get(),
                           maker->what + " of a kind that has ended was still making a container",
                           bound));
  }
  return base::Ok();
}

}  // namespace cluster::kind
