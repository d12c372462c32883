#pragma once

// What `seatrial test` and `seatrial run` share: the flags of a suite, loading it, running it on a
// cluster with console and reports.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/seatrial/commands.h"
#include "app/seatrial/evaluation.h"
#include "app/seatrial/run_reports.h"
#include "base/clock.h"
#include "kube/kubeconfig.h"
#include "trial/fields.h"
#include "trial/plan.h"
#include "trial/runner.h"

namespace app {

// As given; an empty or zero one leaves what the suite's file says.
struct SuiteFlags {
  std::vector<std::string> paths;  // test directories, or one kuttl-test.yaml
  std::string config;
  std::vector<std::string> manifest_dirs;
  std::string crd_dir, only, ns, artifacts_dir, report, report_name, granularity;
  std::vector<std::string> suppress;
  int parallel = 0;
  int timeout = 0;
  int cleanup_timeout = 60;
  bool skip_delete = false;
  bool keep_failed = false;
  bool leak_check = false;
  EvaluationFlags evaluation;
  bool strict = false;
  bool allow_empty = false;
  bool verbose = false;
  bool quiet = false;
  std::shared_ptr<ReportFlags> reports;
};

// kuttl's flags, under kuttl's names, and ours.
std::shared_ptr<SuiteFlags> AddSuiteFlags(CLI::App& command);

// A suite read and planned.
struct LoadedSuite {
  trial::SuiteConfig config;
  trial::Plan plan;
  std::vector<trial::Manifest> crds, manifests;
  std::shared_ptr<expect::Evaluator> evaluator;  // of its templates and expressions
};

// Reads everything that the flags name; what is wrong with the files goes to `problems`. kInvalid
// for flags that do not go together.
base::Result<LoadedSuite> ReadSuite(const SuiteFlags& flags, trial::Problems& problems,
                                    Context& context);

// ReadSuite and trial::CheckFiles; prints all problems to stderr, each with file, line and column.
// kInvalid when one of them is an error.
base::Result<LoadedSuite> LoadSuite(const SuiteFlags& flags, Context& context);

// Where a suite runs.
struct Target {
  kube::ClusterAccess access;
  std::string kubernetes_bin;  // for the PATH of commands; "": as it is
  trial::WatchScope scope = trial::WatchScope::kNamespace;
  std::map<std::string, std::string> environment;  // more variables for commands
};

// The exit code when the plan is empty, said on stderr: kNothingRan, or kPassed when the flags
// allow it. Nothing when there are tests.
std::optional<int> CheckEmpty(const LoadedSuite& suite, const SuiteFlags& flags);

// Runs it, as often as asked for, with the console on stdout (on stderr where the event stream has
// stdout) and writes the reports that were asked for. Returns kPassed,
// kFailed, kErrored (a test could not find out) or what CheckEmpty says. kUnavailable when the API
// server does not answer; the error of the report when it cannot be written.
base::Result<int> RunSuite(const LoadedSuite& suite, const SuiteFlags& flags, const Target& target,
                           Context& context);

}  // namespace app
