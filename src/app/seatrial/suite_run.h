#pragma once

// What `seatrial test` and `seatrial run` share: the flags of a suite, loading it, running it on a
// cluster with console and reports.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/seatrial/commands.h"
#include "app/seatrial/evaluation.h"
#include "app/seatrial/own_cluster.h"
#include "app/seatrial/run_reports.h"
#include "app/seatrial/target.h"
#include "base/clock.h"
#include "trial/fields.h"
#include "trial/plan.h"
#include "trial/remote_files.h"
#include "trial/runner.h"

namespace app {

// As given; an empty or zero one leaves what the suite's file says.
struct SuiteFlags {
  std::vector<std::string> paths;  // test directories, or one kuttl-test.yaml
  std::string config;
  std::vector<std::string> manifest_dirs;
  std::string crd_dir, only, ns, artifacts_dir, report, report_name, granularity;
  std::vector<std::string> suppress;
  bool ns_given = false;  // --namespace, even an empty one
  int parallel = 0;
  int timeout = 0;
  int cleanup_timeout = 60;
  bool keep_failed = false;
  bool leak_check = false;
  EvaluationFlags evaluation;
  std::optional<bool> skip_delete;
  StartFlags start;
  bool fail_early = false;
  bool strict = false;
  bool allow_empty = false;
  bool verbose = false;
  bool quiet = false;
  std::shared_ptr<ReportFlags> reports;
  // What kuttl does for every test: a log of all that happens with the test namespace's events, its
  // lines of `go test`, and ./kubeconfig.
  bool as_kuttl = false;
  bool kubeconfig_file = false;  // write ./kubeconfig
};

// kuttl's flags, under kuttl's names, and ours. `verbose` is what --verbose is called: kuttl has
// another -v.
std::shared_ptr<SuiteFlags> AddSuiteFlags(CLI::App& command,
                                          const std::string& verbose = "-v,--verbose");

// A suite read and planned.
struct LoadedSuite {
  trial::SuiteConfig config;
  trial::Plan plan;
  std::vector<trial::Manifest> crds, manifests;
  std::shared_ptr<expect::Evaluator> evaluator;  // of its templates and expressions
  std::shared_ptr<trial::RemoteFiles> remote;    // holds what was fetched for it
};

// The suite's config with the flags applied, without its tests; what is wrong with its file goes to
// `problems`. kInvalid for flags that exclude each other.
base::Result<trial::SuiteConfig> ReadConfig(const SuiteFlags& flags, trial::Problems& problems);
// To stderr. True when one is an error.
bool PrintProblems(const std::vector<value::Problem>& problems);

// Reads everything that the flags name; what is wrong with the files goes to `problems`. kInvalid
// for flags that do not go together.
base::Result<LoadedSuite> ReadSuite(const SuiteFlags& flags, trial::Problems& problems,
                                    Context& context);

// ReadSuite and trial::CheckFiles; prints all problems to stderr, each with file, line and column.
// kInvalid when one of them is an error.
base::Result<LoadedSuite> LoadSuite(const SuiteFlags& flags, Context& context);

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
