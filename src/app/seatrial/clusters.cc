#include "app/seatrial/clusters.h"

#include <cstdio>

#include "base/text.h"
#include "sys/process.h"

namespace app {

namespace {

namespace fs = std::filesystem;

constexpr int kFoldersUp = 4;
constexpr auto kToolTime = std::chrono::seconds(10);

}  // namespace

fs::path FindNearProgram(const fs::path& file) {
  fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  for (int up = 0; up < kFoldersUp; ++up, folder = folder.parent_path())
    if (fs::exists(folder / file)) return folder / file;
  return {};
}

namespace {

// `given`, else the environment's `variable`, else what `tool` of the checkout that this program
// was built in prints when it is called with `words` and --path; "" when there is none of them.
fs::path FindBuilt(const std::string& given, const std::string& variable, const fs::path& tool,
                   std::vector<std::string> words, const base::Until& until) {
  if (!given.empty()) return given;
  const auto environment = sys::Environment();
  if (const auto set = environment.find(variable); set != environment.end() && !set->second.empty())
    return set->second;
  const fs::path program = FindNearProgram(tool);
  if (program.empty()) return {};
  words.insert(words.begin(), program.string());
  words.emplace_back("--path");
  const auto built = sys::RunOrFail({.argv = std::move(words)}, until);
  return built.ok() ? fs::path(std::string(base::Trim(*built))) : fs::path();
}

}  // namespace

fs::path FindKubernetes(const std::string& given, const base::Until& until) {
  const fs::path shipped = FindNearProgram("libexec/seatrial/kubernetes/etcd");
  if (!shipped.empty() && given.empty() && sys::Environment()["SEATRIAL_KUBERNETES_BIN"].empty())
    return shipped.parent_path();
  return FindBuilt(given, "SEATRIAL_KUBERNETES_BIN", "tools/kubernetes/build", {}, until);
}

fs::path FindDocker(const std::string& given, const base::Until& until) {
  const fs::path found = FindBuilt(given, "SEATRIAL_DOCKER_BIN", "tools/engine", {}, until);
  if (!found.empty()) return found;
  const auto dockerd = sys::FindProgram("dockerd", sys::Environment()["PATH"]);
  return dockerd.ok() ? fs::path(*dockerd).parent_path() : fs::path();
}

std::unique_ptr<cluster::Provider> MakeProvider(Context& context, const std::string& state_dir) {
  const fs::path program = fs::read_symlink("/proc/self/exe");
  const fs::path state = fs::absolute(state_dir);
  cluster::KindOptions kind{.state_dir = state, .program = program};
  kind.environment = sys::Environment();
  kind.kind = [&context] {
    const fs::path folder = FindBuilt("", "SEATRIAL_KIND_BIN", "tools/companions/build", {"kind"},
                                      base::Until::After(context.clock, kToolTime));
    if (fs::exists(folder / "kind")) return folder / "kind";
    return fs::path(sys::FindProgram("kind", sys::Environment()["PATH"]).ValueOr(""));
  };
  kind.node_archive = [&context] {
    return FindBuilt("", "SEATRIAL_KIND_NODE_IMAGE", "tools/kind-node/build", {},
                     base::Until::After(context.clock, kToolTime));
  };
  return cluster::MakeJointProvider({.state_dir = state, .program = program}, std::move(kind),
                                    context.clock);
}

void AddProviderFlags(CLI::App& command, ProviderFlags flags) {
  command
      .add_option("--provider", flags.provider,
                  "who makes the cluster: native (capsules, as root), kind (in Docker, Podman, "
                  "nerdctl, or the engine of `seatrial engine up`), auto (native as root where no "
                  "container engine answers, else kind)")
      ->check([](const std::string& word) {
        const auto backend = cluster::ParseBackend(word);
        return backend.ok() ? std::string() : backend.error().message();
      })
      ->capture_default_str();
  command.add_option("--kind-config", flags.kind_config,
                     "configuration file of kind, passed on to it as it is");
  command.add_option("--node-image", flags.node_image,
                     "image of kind's nodes, a name or an archive; default: what `make "
                     "kind-node-image` built, else kind's own");
}

void PrintNote(const std::string& note) {
  fmt::print("{}\n", note);
  std::fflush(stdout);
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
