// seatrial run: a cluster of its own, its images, a suite, the report, and nothing left behind.

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>

#include <fmt/format.h>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "app/seatrial/owner.h"
#include "app/seatrial/suite_run.h"
#include "base/text.h"
#include "cluster/images/catalog.h"
#include "net/certificates.h"
#include "sys/process.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;

constexpr auto kDownLimit = std::chrono::seconds(30);
constexpr auto kImagesLimit = std::chrono::minutes(5);
constexpr auto kOtherRunner = std::chrono::hours(24);

struct RunFlags {
  std::string name, state_dir = kStateDir, kubernetes_bin, up_timeout = "120s", runner;
  std::string provider = "native", kind_config, node_image;
  std::vector<std::string> images;
  bool keep = false;
};

// The list of what is done, with how long each took.
class Steps {
 public:
  explicit Steps(base::Clock& clock) : clock_(clock), began_(clock.Now()) {}

  void Begin(const std::string& what) {
    since_ = clock_.Now();
    fmt::print("-- {}\n", what);
    std::fflush(stdout);
  }

  void End(const std::string& what) {
    table_.emplace_back(what, clock_.Now() - since_);
    std::fflush(stdout);
  }

  void Print() const {
    fmt::print("\n");
    for (const auto& [what, took] : table_)
      fmt::print("  {:<28} {:>10}\n", what, base::FormatSpan(took));
    fmt::print("  {:<28} {:>10}\n", "all", base::FormatSpan(clock_.Now() - began_));
    std::fflush(stdout);
  }

 private:
  base::Clock& clock_;
  base::Instant began_;
  base::Instant since_{};
  std::vector<std::pair<std::string, base::Duration>> table_;
};

Result<cluster::Cluster> Up(const RunFlags& flags, cluster::Provider& provider, Context& context) {
  cluster::ClusterSpec spec;
  spec.name = flags.name;
  spec.tied = !flags.keep;
  const base::Until until = UntilTimeout(context, flags.up_timeout);
  spec.kubernetes_bin = FindKubernetes(flags.kubernetes_bin, until);
  spec.backend = TRY(cluster::ParseBackend(flags.provider));
  spec.kind_config = flags.kind_config;
  spec.node_image = flags.node_image;
  cluster::Progress progress;
  progress.note = PrintNote;
  const cluster::Cluster up = TRY(provider.Up(spec, progress, until));
  if (const auto owner = CallingUser()) TRY(GiveCluster(*owner, up, flags.state_dir));
  return up;
}

// What suites need to name the images that were loaded from folders of assembled ones.
Result<std::map<std::string, std::string>> ImageEnvironment(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> environment;
  for (const std::string& path : paths) {
    if (!fs::is_directory(path)) continue;
    const auto catalog = TRY(cluster::images::ReadCatalog(path));
    environment.merge(cluster::images::CatalogEnvironment(catalog));
  }
  return environment;
}

// $KUTTL, else the first kubectl-kuttl along `path` that is not this program under that name.
Result<std::string> FindKuttl(const std::map<std::string, std::string>& environment,
                              const std::string& path) {
  const auto given = environment.find("KUTTL");
  if (given != environment.end() && !given->second.empty()) return given->second;
  const fs::path self = fs::read_symlink("/proc/self/exe");
  std::error_code error;
  for (const std::string& folder : base::Split(path, ':')) {
    const auto found = sys::FindProgram("kubectl-kuttl", folder);
    if (found.ok() && fs::canonical(*found, error) != self) return *found;
  }
  return Fail(Code::kNotFound,
              "no kubectl-kuttl along {} (but this program under that name): name it with KUTTL",
              path);
}

// The original judges instead: the same suite, the same cluster.
Result<int> RunKuttl(const SuiteFlags& suite, const trial::SuiteConfig& config,
                     const cluster::Cluster& target,
                     const std::map<std::string, std::string>& variables, Context& context) {
  auto environment = sys::Environment();
  for (const auto& [name, value] : variables) environment[name] = value;
  environment["PATH"] = target.kubernetes_bin.string() + ":" + environment["PATH"];
  environment["KUBECONFIG"] = target.kubeconfig.string();
  const std::string program = TRY(FindKuttl(environment, environment["PATH"]));
  sys::Command command;
  command.argv = {
      program, "test", "--config", config.file, "--artifacts-dir", config.artifacts_dir};
  if (!suite.report.empty()) command.argv.insert(command.argv.end(), {"--report", suite.report});
  if (!suite.only.empty()) command.argv.insert(command.argv.end(), {"--test", suite.only});
  for (const std::string& variable : suite.evaluation.template_vars)
    command.argv.insert(command.argv.end(), {"--template-var", variable});
  if (!suite.evaluation.run_labels.empty())
    command.argv.insert(command.argv.end(), {"--test-run-labels", suite.evaluation.run_labels});
  command.environment = std::move(environment);
  command.on_line = [](std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const auto until = base::Until::After(context.clock, kOtherRunner, context.signals.stop());
  const sys::Exit exit = TRY(sys::Run(std::move(command), until));
  return exit.ok() ? kPassed : kFailed;
}

Result<int> TestOn(cluster::Provider& provider, const cluster::Cluster& target,
                   const LoadedSuite& suite, const SuiteFlags& suite_flags, const RunFlags& flags,
                   Steps& steps, Context& context) {
  const auto until = base::Until::After(context.clock, kImagesLimit, context.signals.stop());
  if (!flags.images.empty()) {
    steps.Begin("loading images");
    TRY(LoadImages(provider, target, flags.images, until));
    steps.End("images");
  }
  TRY(LoadKindContainers(suite.config, provider, target, until));
  auto variables = TRY(ImageEnvironment(flags.images));
  variables.merge(ClusterEnvironment(target, flags.state_dir));
  steps.Begin("running the suite");
  int code = kErrored;
  if (flags.runner == "kuttl") {
    code = TRY(RunKuttl(suite_flags, suite.config, target, variables, context));
  } else {
    Target on;
    on.access = TRY(kube::LoadKubeconfig(target.kubeconfig));
    on.kubernetes_bin = target.kubernetes_bin.string();
    on.scope = trial::WatchScope::kCluster;
    on.environment = variables;
    code = TRY(RunSuite(suite, suite_flags, on, context));
  }
  steps.End("suite");
  return code;
}

Result<> End(const cluster::Cluster& target, const RunFlags& flags, cluster::Provider& provider,
             Steps& steps, Context& context) {
  if (flags.keep) {
    fmt::print(
        "\ncluster {0} is kept\n  use it:     export KUBECONFIG={1} PATH={2}:$PATH\n"
        "  remove it:  {3} down --name {0}\n",
        target.name, target.kubeconfig.string(), target.kubernetes_bin.string(),
        fs::read_symlink("/proc/self/exe").string());
    return base::Ok();
  }
  steps.Begin("removing the cluster");
  // Not the signals' token: after Ctrl-C the cluster has to go all the more.
  TRY(provider.Down(target.name, base::Until::After(context.clock, kDownLimit)));
  steps.End("down");
  return base::Ok();
}

Result<int> RunAll(const SuiteFlags& suite_flags, const RunFlags& flags, Context& context) {
  if (suite_flags.reports->events == "-")
    return Fail(Code::kInvalid,
                "--events -: stdout has the lines of `run` itself: name a file, or use `test`");
  const LoadedSuite suite = TRY(LoadSuite(suite_flags, context));
  if (const auto empty = CheckEmpty(suite, suite_flags)) return *empty;  // no cluster for nothing
  const auto provider = MakeProvider(context, flags.state_dir);
  Steps steps(context.clock);
  steps.Begin(fmt::format("starting cluster {}", flags.name));
  const cluster::Cluster target = TRY(Up(flags, *provider, context));
  steps.End("cluster");
  fmt::print("Kubernetes {} at https://127.0.0.1:{}\n", target.kubernetes_version, target.api_port);
  const auto code = TestOn(*provider, target, suite, suite_flags, flags, steps, context);
  const auto ended = End(target, flags, *provider, steps, context);
  steps.Print();
  if (!code.ok()) return code.error();
  if (!ended.ok()) return ended.error();
  return *code;
}

void Run(SuiteFlags suite, RunFlags flags, Context& context) {
  // Runs stand side by side; one that is kept has a name that is easy to type.
  if (flags.name.empty()) flags.name = flags.keep ? "seatrial" : "run-" + net::RandomHex(3);
  const auto code = RunAll(suite, flags, context);
  context.exit_code = code.ok() ? *code : Finish(code.error(), context);
}

}  // namespace

void AddRunCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "run", "start a cluster, load images, run a suite, report, and remove the cluster");
  const auto suite = AddSuiteFlags(*command);
  const auto flags = std::make_shared<RunFlags>();
  command->add_option("suite", suite->paths, "a kuttl-test.yaml, or directories of tests");
  command
      ->add_option("--image", flags->images,
                   "OCI archive to load, or a folder that `image assemble` wrote (its names reach "
                   "commands as SEATRIAL_IMAGE_*); repeatable")
      ->allow_extra_args(false);  // else it would eat the suite that follows it
  command->add_flag("--keep", flags->keep, "leave the cluster, and say how to use and remove it");
  command->add_flag("--keep-failed", suite->keep_failed,
                    "with --keep: also the namespaces of tests that failed");
  command->add_option("--name", flags->name, "of the cluster (default: a new one)");
  command->add_option("--runner", flags->runner, "who judges: seatrial, or kuttl ($KUTTL)")
      ->check(CLI::IsMember({"seatrial", "kuttl"}));
  command->add_option("--kubernetes-bin", flags->kubernetes_bin, "folder of Kubernetes programs");
  AddProviderFlags(*command, {flags->provider, flags->kind_config, flags->node_image});
  command->add_option("--up-timeout", flags->up_timeout, "limit for the start, as in 90s")
      ->capture_default_str()
      ->check(CheckDuration);
  command->add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command->footer(
      "Exit codes: 0 all passed; 1 failed; 2 wrong flags, or a suite that cannot be loaded;\n"
      "3 could not find out (no cluster, a step that could not be done); 4 no test to run;\n"
      "130 interrupted. With --runner kuttl a suite ends with 0 or 1.\n"
      "Examples:\n"
      "  seatrial run --image build/images --config test/e2e/kuttl-test.yaml --report xml\n"
      "  seatrial run --image build/images --config test/e2e/kuttl-test.yaml --test 01 --keep");
  command->callback([suite, flags, &context] { Run(*suite, *flags, context); });
}

}  // namespace app
