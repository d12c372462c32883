#include "app/seatrial/kuttl.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "app/seatrial/assert_commands.h"
#include "app/seatrial/test_command.h"
#include "app/seatrial/version.h"

namespace app {
namespace {

constexpr int kCobra = 255;  // os.Exit(-1)

constexpr char kFooter[] = R"text(Examples:
  kubectl kuttl test                        the tests of ./kuttl-test.yaml
  kubectl kuttl test --report xml tests/e2e
  kubectl kuttl assert ../01-assert.yaml

This is seatrial under kuttl's name: the same files, flags and exit codes. Beyond kuttl: --cluster,
--kubeconfig, --context, --strict, --allow-empty and all else that `seatrial test --help` has.)text";

int Refuse(const std::string& problem) {
  fmt::print(stderr, "Error: {}\n", problem);
  return kCobra;
}

// What kuttl looks at before it tries anything, and refuses with cobra's exit code; 0: nothing.
int Refused(const SuiteFlags& flags, Context& context) {
  if (flags.ns_given && flags.ns.find_first_not_of(" \t") == std::string::npos)
    return Refuse(R"(setting namespace explicitly to "" or empty string is not supported)");
  const auto evaluation = CheckValues(flags.evaluation, context);
  if (evaluation.Is(base::Code::kInvalid)) return Refuse(evaluation.error().message());
  trial::Problems problems(flags.strict);
  const auto config = ReadConfig(flags, problems);
  if (!config.ok()) return Refuse(config.error().message());
  const auto is_error = [](const value::Problem& problem) { return !problem.warning; };
  if (std::any_of(problems.all().begin(), problems.all().end(), is_error)) {
    (void)PrintProblems(problems.all());
    return Refuse("the suite's config cannot be used");
  }
  if (!config->test_dirs.empty()) return 0;
  (void)PrintProblems(problems.all());
  return Refuse(
      "no test directories provided, please provide either --config or test directories on the "
      "command line");
}

void AddKuttlTest(CLI::App& cli, const std::shared_ptr<std::string>& as, Context& context) {
  CLI::App* command = cli.add_subcommand("test", "run the tests of suites on a cluster");
  const auto suite = AddSuiteFlags(*command, "--verbose");
  AddStartFlags(*command, suite->start);
  suite->as_kuttl = suite->kubeconfig_file = true;
  command->add_option("suite", suite->paths, "directories of tests (each sub-directory is one)");
  command->add_flag_callback(
      "--no-kubeconfig-file", [suite] { suite->kubeconfig_file = false; },
      "do not write ./kubeconfig");
  const auto verbosity = std::make_shared<int>(0);
  command->add_option("-v,--v", *verbosity, "accepted; the log tells everything anyway");
  const auto cluster = AddClusterFlags(*command);
  cluster->kuttl_defaults = true;
  command->callback([suite, cluster, as, verbosity, &context] {
    if (cluster->as.empty()) cluster->as = *as;
    context.exit_code = Refused(*suite, context);
    if (context.exit_code != 0) return;
    if (TestSuites(*suite, *cluster, context) != kPassed) context.exit_code = kFailed;
  });
}

void AddKuttlAssert(CLI::App& cli, bool errors, const std::shared_ptr<std::string>& as,
                    Context& context) {
  const AssertCommand added = AddAssertCommand(cli, errors);
  added.cluster->kuttl_defaults = true;
  added.command->callback([added, as, &context] {
    if (added.cluster->as.empty()) added.cluster->as = *as;
    if (added.flags->files.empty())
      context.exit_code = Refuse("one file argument is required");
    else if (CheckFiles(*added.flags, *added.cluster, context) != kPassed)
      context.exit_code = kCobra;
  });
}

void AddHelp(CLI::App& cli, Context& context) {
  CLI::App* command = cli.add_subcommand("help", "help about a command");
  const auto about = std::make_shared<std::string>();
  command->add_option("command", *about, "which one");
  command->callback([&cli, about, &context] {
    const CLI::App* found = &cli;
    for (const CLI::App* one : cli.get_subcommands({}))
      if (one->get_name() == *about) found = one;
    fmt::print("{}", found->help());
    context.exit_code = kPassed;
  });
}

}  // namespace

bool CalledAsKuttl(const char* program) {
  const std::string name = std::filesystem::path(program).filename().string();
  return name == "kubectl-kuttl" || name == "kuttl";
}

int KuttlMain(int argc, char** argv, Context& context) {
  CLI::App cli("Tests for Kubernetes operators, declared in YAML.", "kubectl-kuttl");
  const auto as = std::make_shared<std::string>();
  cli.set_version_flag("-v,--version", std::string("kubectl-kuttl version ") + kKuttlVersion);
  cli.add_option("--as", *as, "make all requests as this user (impersonation)");
  cli.footer(kFooter);
  AddKuttlTest(cli, as, context);
  AddKuttlAssert(cli, false, as, context);
  AddKuttlAssert(cli, true, as, context);
  cli.add_subcommand("version", "print the version")->callback([&context] {
    fmt::print("KUTTL Version: {} ({})\n", kKuttlVersion, kVersion);
    context.exit_code = kPassed;
  });
  AddSelfCommands(cli, context, kVersion);
  AddHelp(cli, context);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? kPassed : kCobra;
  }
  if (context.signals.received() != 0) return kCobra;
  if (cli.get_subcommands().empty()) fmt::print("{}", cli.help());
  return context.exit_code;
}

}  // namespace app
