// seatrial: starts real Kubernetes clusters, runs declarative test suites on them, explains
// failures.

#include "app/seatrial/commands.h"
#include "app/seatrial/kuttl.h"
#include "app/seatrial/version.h"
#include "cluster/native/hidden.h"

namespace {

constexpr char kExamples[] = R"text(Examples:
  seatrial run --image build/images --config test/e2e/kuttl-test.yaml
                                          a cluster, the images, the suite, the report, and nothing left behind
  seatrial up                             a one-node Kubernetes cluster called "seatrial"
  seatrial test --kubeconfig "$(seatrial kubeconfig --path)" tests/e2e
  seatrial check tests/e2e                what is wrong with the files, without a cluster
  seatrial shell -- kubectl get pods -A
  seatrial down

Exit codes: 0 passed, 1 failed, 2 bad usage or invalid input, 3 could not find out, 4 no test to run, 130 interrupted.
`seatrial test` keeps kuttl's: 0 all passed, else 1.)text";

}  // namespace

int main(int argc, char** argv) {
  base::SystemClock clock;
  if (const auto status = cluster::native::RunHiddenCommand(argc, argv, clock)) return *status;
  sys::Signals signals;  // before any thread
  app::Context context{clock, signals};
  if (app::CalledAsKuttl(argv[0])) return app::KuttlMain(argc, argv, context);

  CLI::App cli(
      "Sea trials for Kubernetes operators: real clusters, declarative suites, explained failures.",
      "seatrial");
  cli.set_version_flag("--version", app::kVersion);
  cli.footer(kExamples);
  cli.require_subcommand(1);
  app::AddClusterCommands(cli, context);
  app::AddGcCommand(cli, context);
  app::AddEngineCommands(cli, context);
  app::AddFaultCommands(cli, context);
  app::AddImageCommands(cli, context);
  app::AddTestCommand(cli, context);
  app::AddRunCommand(cli, context);
  app::AddCheckCommand(cli, context);
  app::AddHistoryCommand(cli, context);
  app::AddSelfCommands(cli, context, app::kVersion);
  app::AddAssertCommands(cli, context);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kPassed : app::kUsage;
  }
  return signals.received() != 0 ? app::kInterrupted : context.exit_code;
}
