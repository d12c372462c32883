#include "app/seatrial/clusters.h"

#include "base/text.h"
#include "sys/process.h"

namespace app {

namespace {

namespace fs = std::filesystem;

constexpr int kFoldersUp = 4;

}  // namespace

fs::path FindNearProgram(const fs::path& file) {
  fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (int up = 0; up < kFoldersUp; ++up, folder = folder.parent_path())
    if (fs::exists(folder / file)) return folder / file;
  return {};
}

fs::path FindKubernetes(const std::string& given, const base::Until& until) {
  if (!given.empty()) return given;
  const auto environment = sys::Environment();
  if (const auto set = environment.find("SEATRIAL_KUBERNETES_BIN");
      set != environment.end() && !set->second.empty())
    return set->second;
  if (const fs::path etcd = FindNearProgram("libexec/seatrial/kubernetes/etcd"); !etcd.empty())
    return etcd.parent_path();
  if (const fs::path build = FindNearProgram("tools/kubernetes/build"); !build.empty()) {
    const auto built = sys::RunOrFail({.argv = {build.string(), "--path"}}, until);
    if (built.ok()) return base::Trim(*built);
  }
  return {};
}

std::unique_ptr<cluster::Provider> MakeProvider(Context& context, const std::string& state_dir) {
  return cluster::MakeNativeProvider(
      {.state_dir = state_dir, .program = std::filesystem::read_symlink("/proc/self/exe")},
      context.clock);
}

std::map<std::string, std::string> ClusterEnvironment(const cluster::Cluster& target,
                                                      const std::string& state_dir) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  auto environment = sys::Environment();
  return {{"SEATRIAL", program.string()},
          {"SEATRIAL_CLUSTER", target.name},
          {"SEATRIAL_STATE_DIR", fs::absolute(state_dir).string()},
          {"PATH", program.parent_path().string() + ":" + environment["PATH"]}};
}

}  // namespace app
