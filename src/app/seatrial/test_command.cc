// seatrial test: declarative suites in kuttl's format on a cluster that is there.

#include "app/seatrial/test_command.h"

#include <memory>

#include <fmt/format.h>

namespace app {
namespace {

using base::Code;
using base::Result;

int Complain(const base::Error& error, int code) {
  fmt::print(stderr, "seatrial: {}\n", error.message());
  return code;
}

// The suite's wish counts where no flag names a cluster.
bool StartsItsOwn(const LoadedSuite& suite, const ClusterFlags& cluster) {
  if (!WantsCluster(suite.config)) return false;
  if (!cluster.named()) return true;
  fmt::print(stderr,
             "warning: the suite asks for a cluster of its own (startControlPlane, startKIND), but "
             "a flag names one: it runs there\n");
  return false;
}

}  // namespace

int TestSuites(const SuiteFlags& flags, const ClusterFlags& cluster, Context& context) {
  if (!flags.as_kuttl) {  // where it is looked at before
    const auto values = CheckValues(flags.evaluation, context);
    if (values.Is(Code::kInvalid)) return Complain(values.error(), kUsage);
  }
  const auto suite = LoadSuite(flags, context);
  if (!suite.ok()) return Complain(suite.error(), kFailed);
  std::optional<Result<OwnCluster>> own;
  std::optional<Result<Target>> named;
  if (StartsItsOwn(*suite, cluster)) {
    if (const auto empty = CheckEmpty(*suite, flags)) return *empty == kPassed ? kPassed : kFailed;
    own.emplace(OwnCluster::Start(suite->config, cluster, context));
    if (!own->ok()) return Complain(own->error(), own->Is(Code::kInvalid) ? kUsage : kFailed);
  } else {
    named.emplace(FindTarget(cluster, context));
    if (!named->ok()) return Complain(named->error(), named->Is(Code::kInvalid) ? kUsage : kFailed);
  }
  const Target& target = own ? (*own)->target() : **named;
  const auto code = RunSuite(*suite, flags, target, context);
  if (!code.ok()) return Complain(code.error(), kFailed);
  return *code == kPassed ? kPassed : kFailed;
}

void AddTestCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("test", "run kuttl suites on a cluster that is there");
  const auto suite = AddSuiteFlags(*command);
  AddStartFlags(*command, suite->start);
  command->add_option("suite", suite->paths,
                      "directories of tests (each sub-directory is one), or a kuttl-test.yaml");
  command->add_flag("--kubeconfig-file", suite->kubeconfig_file,
                    "also write ./kubeconfig (0600), as kuttl does, for scripts that name it");
  const auto cluster = AddClusterFlags(*command);
  command
      ->add_option_function<std::string>(
          "--keep", [suite](const std::string&) { suite->keep_failed = true; },
          "failed: leave namespaces and objects of tests that failed")
      ->check(CLI::IsMember({"failed"}));
  command->footer(
      "Exit codes are kuttl's: 0 all passed; 1 failed, not loadable, nothing was run, or no API\n"
      "server answers; beside them 2 for wrong flags or no cluster named, 130 interrupted.\n"
      "Example:\n  seatrial test --cluster seatrial --report xml tests/e2e");
  command->callback(
      [suite, cluster, &context] { context.exit_code = TestSuites(*suite, *cluster, context); });
}

}  // namespace app
