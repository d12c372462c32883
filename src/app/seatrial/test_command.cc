// seatrial test: declarative suites in kuttl's format on a cluster that is there.

#include <memory>

#include <fmt/format.h>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/suite_run.h"
#include "sys/process.h"

namespace app {
namespace {

using base::Code;
using base::Fail;

struct ClusterFlags {
  std::string cluster, kubeconfig, context, kubernetes_bin, state_dir = kStateDir;
};

// One that `seatrial up` started.
base::Result<Target> FindOwnCluster(const ClusterFlags& flags, Context& context) {
  const auto provider = MakeProvider(context, flags.state_dir);
  const cluster::Cluster found = TRY(provider->Find(flags.cluster));
  Target target;
  target.access = TRY(kube::LoadKubeconfig(found.kubeconfig, flags.context));
  target.kubernetes_bin = found.kubernetes_bin.string();
  target.environment = ClusterEnvironment(found, flags.state_dir);
  target.scope = trial::WatchScope::kCluster;
  return target;
}

// Somebody's cluster, named by the user; never ~/.kube/config by itself.
base::Result<Target> FindNamedCluster(const ClusterFlags& flags) {
  std::string path = flags.kubeconfig;
  if (path.empty()) {
    const auto environment = sys::Environment();
    const auto given = environment.find("KUBECONFIG");
    if (given != environment.end()) path = given->second;
    if (path.find(':') != std::string::npos)
      return Fail(Code::kInvalid, "KUBECONFIG names several files: choose one with --kubeconfig");
  }
  if (path.empty()) {
    return Fail(Code::kInvalid,
                "no cluster: give --cluster NAME (one that `seatrial up` started), --kubeconfig "
                "FILE or KUBECONFIG; ~/.kube/config is never used unasked");
  }
  Target target;
  target.access = TRY(kube::LoadKubeconfig(path, flags.context));
  target.kubernetes_bin = flags.kubernetes_bin;
  return target;
}

int Complain(const base::Error& error, int code) {
  fmt::print(stderr, "seatrial: {}\n", error.message());
  return code;
}

// kuttl's exit codes: it knows only passed and not.
int Test(const SuiteFlags& flags, const ClusterFlags& cluster, Context& context) {
  const auto suite = LoadSuite(flags, context);
  if (!suite.ok()) return Complain(suite.error(), kFailed);
  const auto target =
      cluster.cluster.empty() ? FindNamedCluster(cluster) : FindOwnCluster(cluster, context);
  if (!target.ok()) return Complain(target.error(), target.Is(Code::kInvalid) ? kUsage : kFailed);
  const auto code = RunSuite(*suite, flags, *target, context);
  if (!code.ok()) return Complain(code.error(), kFailed);
  return *code == kPassed ? kPassed : kFailed;
}

}  // namespace

void AddTestCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("test", "run kuttl suites on a cluster that is there");
  const auto suite = AddSuiteFlags(*command);
  const auto cluster = std::make_shared<ClusterFlags>();
  command->add_option("suite", suite->paths,
                      "directories of tests (each sub-directory is one), or a kuttl-test.yaml");
  CLI::Option* own =
      command->add_option("--cluster", cluster->cluster, "a cluster that `seatrial up` started");
  command->add_option("--kubeconfig", cluster->kubeconfig, "kubeconfig of any other cluster")
      ->excludes(own);
  command->add_option("--context", cluster->context, "context in that kubeconfig");
  command
      ->add_option("--kubernetes-bin", cluster->kubernetes_bin,
                   "folder of kubectl and helm for commands (default: the PATH's)")
      ->excludes(own);
  command
      ->add_option_function<std::string>(
          "--keep", [suite](const std::string&) { suite->keep_failed = true; },
          "failed: leave namespaces and objects of tests that failed")
      ->check(CLI::IsMember({"failed"}));
  command->add_option("--state-dir", cluster->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command->footer(
      "Exit codes are kuttl's: 0 all passed; 1 failed, not loadable, nothing was run, or no API\n"
      "server answers; beside them 2 for wrong flags or no cluster named, 130 interrupted.\n"
      "Example:\n  seatrial test --cluster seatrial --report xml tests/e2e");
  command->callback(
      [suite, cluster, &context] { context.exit_code = Test(*suite, *cluster, context); });
}

}  // namespace app
