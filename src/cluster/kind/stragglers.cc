#include "cluster/kind/stragglers.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/text.h"
#include "sys/files.h"

namespace cluster::kind {

namespace fs = std::filesystem;

namespace {

constexpr auto kMost = std::chrono::seconds(30);
constexpr auto kAgain = std::chrono::milliseconds(50);

// Whether the process is `docker run ...`, or another engine's client, as kind calls it.
bool MakesContainer(const fs::path& process) {
  const auto text = sys::ReadFile(process / "cmdline");
  if (!text.ok()) return false;
  const auto words = base::Split(*text, '\0');
  if (words.size() < 2 || words[1] != "run") return false;
  const std::string name = fs::path(words[0]).filename();
  return name == "docker" || name == "podman" || name == "nerdctl";
}

bool MakingContainers(pid_t group) {
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator("/proc", problem)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid > 0 && getpgid(pid) == group && MakesContainer(entry.path())) return true;
  }
  return false;
}

}  // namespace

void AwaitContainers(pid_t group, const base::Until& until) {
  const base::Until bound = until.Within(kMost);
  while (group > 0 && MakingContainers(group) && bound.Pause(kAgain)) {
  }
}

}  // namespace cluster::kind
