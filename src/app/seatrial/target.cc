#include "app/seatrial/target.h"

#include "kube/kubeconfig_files.h"
#include "sys/process.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;

using Variables = std::map<std::string, std::string>;

std::string Variable(const Variables& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

Result<Target> FromFiles(std::vector<fs::path> files, const ClusterFlags& flags) {
  Target target;
  target.access = TRY(kube::LoadKubeconfigs(files, flags.context));
  target.kubeconfig_files = std::move(files);
  return target;
}

// The order of controller-runtime, which kuttl reads its configuration with: in a Pod the service
// account comes before the home folder's file.
Result<Target> FromKuttlDefaults(const ClusterFlags& flags, const Variables& environment) {
  Target target;
  auto in_cluster = kube::InClusterAccess(Variable(environment, "KUBERNETES_SERVICE_HOST"),
                                          Variable(environment, "KUBERNETES_SERVICE_PORT"));
  if (in_cluster.ok() && flags.context.empty()) {
    target.access = *std::move(in_cluster);
    return target;
  }
  const fs::path file = fs::path(Variable(environment, "HOME")) / ".kube" / "config";
  auto from_home = FromFiles({file}, flags);
  if (from_home.Is(Code::kNotFound)) {
    return Fail(Code::kInvalid,
                "no cluster: KUBECONFIG is not set, this is not a Pod, and there is no {}",
                file.string());
  }
  return from_home;
}

// Somebody's cluster, named by the user.
Result<Target> FindNamedCluster(const ClusterFlags& flags) {
  if (!flags.kubeconfig.empty()) return FromFiles({flags.kubeconfig}, flags);
  const Variables environment = sys::Environment();
  const auto files = kube::SplitKubeconfigNames(Variable(environment, "KUBECONFIG"));
  if (!files.empty()) return FromFiles(files, flags);
  if (flags.kuttl_defaults) return FromKuttlDefaults(flags, environment);
  return Fail(Code::kInvalid,
              "no cluster: give --cluster NAME (one that `seatrial up` started), --kubeconfig FILE "
              "or KUBECONFIG; ~/.kube/config is never used unasked");
}

}  // namespace

std::shared_ptr<ClusterFlags> AddClusterFlags(CLI::App& command) {
  auto flags = std::make_shared<ClusterFlags>();
  CLI::Option* own =
      command.add_option("--cluster", flags->cluster, "a cluster that `seatrial up` started");
  command.add_option("--kubeconfig", flags->kubeconfig, "kubeconfig of any other cluster")
      ->excludes(own);
  command.add_option("--context", flags->context, "context in that kubeconfig");
  command
      .add_option("--kubernetes-bin", flags->kubernetes_bin,
                  "folder of kubectl and helm for commands (default: the PATH's)")
      ->excludes(own);
  command.add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command.add_option("--as", flags->as, "make all requests as this user (impersonation)");
  return flags;
}

Result<Target> OwnTarget(const cluster::Cluster& found, const ClusterFlags& flags) {
  Target target = TRY(FromFiles({found.kubeconfig}, flags));
  target.kubernetes_bin = found.kubernetes_bin.string();
  target.environment = ClusterEnvironment(found, flags.state_dir);
  target.scope = trial::WatchScope::kCluster;
  if (!flags.as.empty()) target.access.impersonate = flags.as;
  return target;
}

Result<Target> FindTarget(const ClusterFlags& flags, Context& context) {
  if (!flags.cluster.empty())
    return OwnTarget(TRY(MakeProvider(context, flags.state_dir)->Find(flags.cluster)), flags);
  Target target = TRY(FindNamedCluster(flags));
  target.kubernetes_bin = flags.kubernetes_bin;
  if (!flags.as.empty()) target.access.impersonate = flags.as;
  return target;
}

}  // namespace app
