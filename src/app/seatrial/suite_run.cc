#include "app/seatrial/suite_run.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <random>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "app/seatrial/fetch.h"
#include "app/seatrial/load_failure.h"
#include "app/seatrial/owner.h"
#include "base/text.h"
#include "net/certificates.h"
#include "report/console.h"
#include "report/go_lines.h"
#include "sys/files.h"
#include "sys/process.h"
#include "trial/checker.h"
#include "trial/loader.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;

constexpr auto kWholeRun = std::chrono::hours(24);
constexpr auto kFirstContact = std::chrono::seconds(10);
constexpr char kImplicitConfig[] = "kuttl-test.yaml";
constexpr char kDefaultArtifacts[] = "seatrial-artifacts";

// Sorts the paths into test directories and at most one config; `config` is the flag's.
base::Result<> SortPaths(const SuiteFlags& flags, std::string& config,
                         std::vector<std::string>& directories) {
  config = flags.config;
  std::error_code error;
  for (const std::string& path : flags.paths) {
    if (!fs::is_regular_file(path, error)) {
      directories.push_back(path);
      continue;
    }
    if (!config.empty())
      return Fail(Code::kInvalid, "two suite configs: {} and {}: run them one by one", config,
                  path);
    config = path;
  }
  if (config.empty() && fs::exists(kImplicitConfig, error)) config = kImplicitConfig;
  return base::Ok();
}

// As kuttl: what is neither xml nor json means no report, but it is said here.
trial::ReportFormat ReportFormat(const std::string& flag, trial::Problems& problems) {
  const std::string format = base::Lower(flag);
  if (format == "xml") return trial::ReportFormat::kXml;
  if (format == "json") return trial::ReportFormat::kJson;
  problems.Warn({"--report " + flag, {}}, "neither xml nor json: no report is written");
  return trial::ReportFormat::kNone;
}

void ApplyFlags(const SuiteFlags& flags, trial::SuiteConfig& config, trial::Problems& problems) {
  if (!flags.crd_dir.empty()) config.crd_dir = flags.crd_dir;
  if (!flags.manifest_dirs.empty()) config.manifest_dirs = flags.manifest_dirs;
  if (!flags.ns.empty()) config.ns = flags.ns;
  if (!flags.artifacts_dir.empty()) config.artifacts_dir = flags.artifacts_dir;
  if (!flags.report.empty()) config.report_format = ReportFormat(flags.report, problems);
  if (!flags.report_name.empty()) config.report_name = flags.report_name;
  if (flags.granularity == "test") config.granularity = trial::Granularity::kTest;
  if (flags.granularity == "step") config.granularity = trial::Granularity::kStep;
  if (flags.parallel > 0) config.parallel = flags.parallel;
  if (flags.timeout > 0) config.timeout = config.command_timeout = flags.timeout;
  if (flags.skip_delete) config.skip_delete = *flags.skip_delete;
  if (flags.keep_failed) config.keep_failed = true;
  if (flags.leak_check) config.leak_check = true;
  if (flags.fail_early) config.fail_early = true;
  config.suppress.insert(config.suppress.end(), flags.suppress.begin(), flags.suppress.end());
}

trial::RunSettings MakeSettings(const LoadedSuite& suite, const SuiteFlags& flags,
                                const Target& target) {
  trial::RunSettings settings;
  settings.run = net::RandomHex(4);
  settings.working_directory = fs::current_path();
  settings.environment = sys::Environment();
  for (const auto& [name, value] : target.environment) settings.environment[name] = value;
  settings.kubernetes_bin = target.kubernetes_bin;
  settings.scope = target.scope;
  std::random_device random;
  settings.seed = (uint64_t{random()} << 32) | random();
  settings.cleanup_limit = std::chrono::seconds(flags.cleanup_timeout);
  settings.artifacts =
      suite.config.artifacts_dir == "." ? kDefaultArtifacts : suite.config.artifacts_dir;
  settings.crds = suite.crds;
  settings.manifests = suite.manifests;
  settings.evaluator = suite.evaluator.get();
  settings.kubeconfig_files = target.kubeconfig_files;
  const auto& suppress = suite.config.suppress;
  const bool no_events = std::any_of(suppress.begin(), suppress.end(), [](const std::string& one) {
    return base::Lower(one) == "events";
  });
  settings.log_events = (flags.as_kuttl || flags.verbose) && !no_events;
  return settings;
}

// One question before anything is changed, so that a wrong address fails at once and once.
base::Result<> CheckReachable(kube::Client& client, const base::Until& until) {
  const auto version = client.Raw("GET", "/version", "", until.Within(kFirstContact));
  if (version.ok()) return base::Ok();
  return base::Error(version.error())
      .During(fmt::format("the API server at {} does not answer", client.access().server));
}

// kuttl leaves one there, and scripts have come to name it; but only we may read this one.
base::Result<> WriteKubeconfigFile(const Target& target) {
  const std::string name = target.access.context.empty() ? "cluster" : target.access.context;
  TRY(sys::WriteFileAtomically("kubeconfig", kube::WriteKubeconfig(target.access, name), 0600)
          .During("writing ./kubeconfig (--no-kubeconfig-file leaves it out)"));
  if (const auto owner = CallingUser()) return GiveNew(*owner, "kubeconfig", {});
  return base::Ok();
}

report::ConsoleOptions ConsoleFor(int descriptor,
                                  const std::map<std::string, std::string>& environment,
                                  const SuiteFlags& flags) {
  report::ConsoleOptions options;
  const auto term = environment.find("TERM");
  const bool terminal =
      isatty(descriptor) == 1 && term != environment.end() && term->second != "dumb";
  options.live = terminal;
  options.color = terminal && environment.count("NO_COLOR") == 0;
  options.verbose = flags.verbose || flags.as_kuttl;
  options.quiet = flags.quiet;
  winsize size{};
  if (terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    options.width = size.ws_col;
    options.height = size.ws_row;
  }
  return options;
}

int ExitCode(trial::Verdict verdict) {
  if (verdict == trial::Verdict::kPassed) return kPassed;
  return verdict == trial::Verdict::kFailed ? kFailed : kErrored;
}

// Under sudo: what this run wrote is the calling user's.
base::Result<> GiveReports(const std::vector<std::string>& files, const fs::path& artifacts,
                           base::WallTime since) {
  const auto owner = CallingUser();
  if (!owner) return base::Ok();
  for (const std::string& file : files) TRY(GiveNew(*owner, file, since));
  return GiveNew(*owner, artifacts, since);
}

}  // namespace

std::shared_ptr<SuiteFlags> AddSuiteFlags(CLI::App& command, const std::string& verbose) {
  auto flags = std::make_shared<SuiteFlags>();
  command.add_option("--config", flags->config,
                     "suite config (default: ./kuttl-test.yaml if there)");
  command.add_option("--test", flags->only,
                     "run the tests whose name this regular expression finds");
  command.add_option("--parallel", flags->parallel, "tests at the same time (default 8)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--timeout", flags->timeout, "seconds a step may wait (default 30)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--cleanup-timeout", flags->cleanup_timeout,
                  "seconds a namespace may take to go after its deletion")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  CLI::Option* ns = command.add_option("-n,--namespace", flags->ns,
                                       "one namespace for all tests instead of one each");
  ns->each([flags](const std::string&) { flags->ns_given = true; });
  command.add_option("--crd-dir", flags->crd_dir, "CustomResourceDefinitions to install first");
  command.add_option("--manifest-dir", flags->manifest_dirs, "manifests to apply first")
      ->allow_extra_args(false)  // else it would eat the suite that follows it
      ->delimiter(',');
  command.add_flag_function(
      "--skip-delete", [flags](int64_t count) { flags->skip_delete = count > 0; },
      "leave namespaces and objects behind");
  command.add_flag("--leak-check", flags->leak_check,
                   "what tests leave outside of their namespaces is a failure");
  command.add_flag("--fail-early", flags->fail_early,
                   "end a wait for a cause that stays until somebody mends it (ImagePullBackOff, "
                   "CrashLoopBackOff, unschedulable, quota, ...)");
  command.add_option("--artifacts-dir", flags->artifacts_dir,
                     "folder for reports, and for what failed steps leave (TEST/STEP/)");
  command.add_option("--report", flags->report, "write a report: xml or json");
  command.add_option("--report-name", flags->report_name, "its file name without extension");
  command.add_option("--report-granularity", flags->granularity, "step or test")
      ->check(CLI::IsMember({"step", "test"}));
  command
      .add_option("--suppress-log", flags->suppress,
                  "what the log leaves out: events (of a test's namespace)")
      ->allow_extra_args(false)
      ->delimiter(',');
  CLI::Option* verbosely =
      command.add_flag(verbose, flags->verbose, "also tell what steps did and printed");
  command.add_flag("-q,--quiet", flags->quiet, "tell only what did not pass, and the last line")
      ->excludes(verbosely);
  flags->reports = AddReportFlags(command);
  AddEvaluationFlags(command, flags->evaluation);
  command.add_flag("--strict", flags->strict, "warnings about the suite's files are errors");
  command.add_flag("--allow-empty", flags->allow_empty, "running no test at all is success");
  return flags;
}

base::Result<trial::SuiteConfig> ReadConfig(const SuiteFlags& flags, trial::Problems& problems) {
  std::string file;
  std::vector<std::string> directories;
  TRY(SortPaths(flags, file, directories));
  trial::SuiteConfig config;
  if (!file.empty()) config = trial::LoadConfig(file, problems);
  if (!directories.empty()) config.test_dirs = directories;
  ApplyFlags(flags, config, problems);
  TRY(ApplyStartFlags(flags.start, flags.skip_delete, config, problems));
  return config;
}

bool PrintProblems(const std::vector<value::Problem>& problems) {
  bool failed = false;
  for (const value::Problem& problem : problems) {
    failed = failed || !problem.warning;
    fmt::print(stderr, "{}{}\n", problem.warning ? "warning: " : "error: ", problem.Format());
  }
  return failed;
}

base::Result<LoadedSuite> ReadSuite(const SuiteFlags& flags, trial::Problems& problems,
                                    Context& context) {
  LoadedSuite suite;
  suite.config = TRY(ReadConfig(flags, problems));
  suite.evaluator = MakeEvaluator(flags.evaluation.program, context);
  trial::Evaluation evaluation =
      TRY(MakeEvaluation(flags.evaluation, suite.config, *suite.evaluator, context));
  suite.remote = MakeRemoteFiles();
  trial::LoadOptions options{suite.config.ignore_files, sys::Environment()};
  options.evaluation = &evaluation;
  options.run_labels = TRY(RunLabels(flags.evaluation));
  options.remote = suite.remote.get();
  std::vector<trial::Test> tests;
  for (const std::string& directory : suite.config.test_dirs)
    for (trial::Test& test : trial::LoadTests(directory, options, problems))
      tests.push_back(std::move(test));
  if (!suite.config.crd_dir.empty())
    suite.crds = trial::LoadManifests(suite.config.crd_dir, problems);
  for (const std::string& directory : suite.config.manifest_dirs)
    for (trial::Manifest& manifest : trial::LoadManifests(directory, problems))
      suite.manifests.push_back(std::move(manifest));
  suite.plan = TRY(trial::MakePlan(std::move(tests), flags.only));
  return suite;
}

base::Result<LoadedSuite> LoadSuite(const SuiteFlags& flags, Context& context) {
  trial::Problems problems(flags.strict);
  LoadedSuite suite = TRY(ReadSuite(flags, problems, context));
  trial::CheckFiles({suite.config, suite.plan, suite.crds, suite.manifests},
                    {sys::Environment(), fs::current_path(), {}}, problems);
  if (PrintProblems(problems.all())) {
    TRY(ReportLoadFailure(suite.config, problems.all()));
    return Fail(Code::kInvalid, "the suite cannot be run as it is written: nothing was started");
  }
  if (suite.config.test_dirs.empty())
    return Fail(Code::kInvalid, "no tests: name a directory of tests, or a config with testDirs");
  PrintLeftOut(suite.plan);
  return suite;
}

std::optional<int> CheckEmpty(const LoadedSuite& suite, const SuiteFlags& flags) {
  if (!suite.plan.tests.empty()) return std::nullopt;
  fmt::print(stderr, "seatrial: nothing to run: {}{}\n",
             suite.plan.left_out > 0 ? fmt::format("--test {} selects none of {} tests", flags.only,
                                                   suite.plan.left_out)
                                     : "there are no tests in the test directories",
             flags.allow_empty ? "" : " (--allow-empty makes this a success)");
  return flags.allow_empty ? kPassed : kNothingRan;
}

base::Result<int> RunSuite(const LoadedSuite& suite, const SuiteFlags& flags, const Target& target,
                           Context& context) {
  if (const auto empty = CheckEmpty(suite, flags)) return *empty;
  const auto until = base::Until::After(context.clock, kWholeRun, context.signals.stop());
  const base::Log log = base::Log::ToStderr(base::Level::kError);
  const auto client = kube::MakeClient(target.access, log);
  TRY(CheckReachable(*client, until));
  trial::RunSettings settings = MakeSettings(suite, flags, target);
  const auto reports = TRY(RunReports::Open(suite.config, *flags.reports));
  settings.look = reports->look();
  const bool stdout_is_taken = flags.reports->events == "-";
  std::ostream& out = stdout_is_taken ? std::cerr : std::cout;
  const auto options =
      ConsoleFor(stdout_is_taken ? STDERR_FILENO : STDOUT_FILENO, settings.environment, flags);
  const base::WallTime began = context.clock.WallNow();
  if (flags.kubeconfig_file) TRY(WriteKubeconfigFile(target));
  Repetitions repetitions(*flags.reports);
  const fs::path artifacts = settings.artifacts;
  for (bool another = true; another;) {
    if (repetitions.repeats()) {
      fmt::print(out, "{}\n", repetitions.Title());
      settings.run = net::RandomHex(4);
      settings.artifacts = artifacts / fmt::format("run-{}", repetitions.number());
    }
    report::Console console(out, options);
    std::vector<trial::Listener*> listeners = reports->Begin();
    listeners.push_back(&console);
    report::GoLines go_lines(out);
    if (flags.as_kuttl) listeners.push_back(&go_lines);
    TRY(trial::Run(suite.plan, suite.config, settings, *client, listeners, log, until));
    TRY(reports->Finish(out));
    TRY(GiveReports(reports->files(), artifacts, began));
    another = repetitions.Another(reports->record());
    ++settings.seed;  // other namespaces: those of the run before may still be going
  }
  if (repetitions.repeats()) fmt::print(out, "{}", repetitions.Summary());
  return ExitCode(repetitions.verdict());
}

}  // namespace app
