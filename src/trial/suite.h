#pragma once

// trial: kuttl suites as values, and the runner that tries them on a cluster. What the files say is
// in suite.h; loader.h reads it; plan.h picks what runs; runner.h runs it and tells events.h.
// https://kuttl.dev/docs/testing/reference.html

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "kube/object.h"
#include "value/yaml.h"

namespace trial {

// Where something was written.
struct Place {
  std::string file;
  value::Mark mark;
  // "web.yaml:12:3".
  std::string Text() const;
};

// One object of a file, which remembers where its fields stood.
struct Manifest {
  kube::Object object;
  std::shared_ptr<const value::Document> source;
  std::vector<std::string> prefix;  // path of the object inside the document: not empty in a List

  // Where `path` below the object's root is written, or its nearest parent.
  Place At(const std::vector<std::string>& path = {}) const;
};

// A command of a TestSuite, TestStep or TestAssert. Exactly one of `command` and `script` is set.
struct CommandSpec {
  Place place;
  std::string command;
  std::string script;
  bool namespaced = false;
  bool ignore_failure = false;
  bool background = false;
  bool skip_log_output = false;
  int timeout = 0;  // seconds; 0: the step's; negative: none
  // Fields of ours (read_own.h).
  int retries = 0;               // how often a run that failed is tried again
  base::Duration retry_pause{};  // before each
  std::string output;            // the variable that gets what it prints to stdout
  bool output_json = false;      // which is JSON
};

enum class CollectorType { kPod, kEvents, kCommand };

struct CollectorSpec {
  Place place;
  CollectorType type = CollectorType::kPod;
  std::string pod, ns, container, selector, command;
  int tail = 0;  // 0: not given
};

// What to delete: one object by name; or all with the labels; or, with neither, all of the kind.
struct DeleteSpec {
  Place place;
  kube::Kind kind;
  std::string name, ns;
  std::map<std::string, std::string> labels;
};

// An object that expressions speak about, as the variable `ref`.
struct ResourceRef {
  Place place;
  kube::Kind kind;
  std::string name;
  std::string ns;  // "": the test's; of no meaning to a cluster-scoped kind
  std::string ref;
};

// An expression in CEL.
struct Expression {
  Place place;
  std::string text;
};

struct Demand;

// Gives a variable the value of a field, once the step's asserts hold.
struct OutputSpec {
  Place place;
  std::string variable;
  kube::Kind kind;
  std::string name, ns;
  std::string path;  // a valid expect::FieldPath
};

// A TestAssert document.
struct CheckSpec {
  Place place;
  int timeout = 0;                 // seconds; 0: the suite's
  std::optional<bool> fail_early;  // nullopt: the step's
  std::vector<CommandSpec> commands;
  std::vector<CollectorSpec> collectors;
  // All objects have to be there, one of assert_any has to be true, and all of assert_all.
  std::vector<ResourceRef> refs;
  std::vector<Expression> assert_any, assert_all;
  // Fields of ours: what else has to hold, all at once and in which order.
  std::vector<std::shared_ptr<const Demand>> match;
  std::vector<std::shared_ptr<const Demand>> order;
  std::vector<OutputSpec> outputs;
};

// The cluster of a step that names one; the run's own where it names none.
struct ClusterRef {
  Place place;
  std::string kubeconfig;  // absolute path, or "": the run's
  std::string context;     // "": the current one
  // kubeconfigLoading: Lazy. The file is read, and the namespace made, when the step begins, and
  // not before the first step.
  bool lazy = false;
  bool named() const { return !kubeconfig.empty() || !context.empty(); }
  bool operator==(const ClusterRef& other) const {
    return kubeconfig == other.kubeconfig && context == other.context;
  }
};

// One step, put together from all its files. Runs in this order: deletes, commands, apply, then
// asserts, errors and the check's commands until all hold at once.
struct Step {
  int index = 0;
  std::string name;
  std::string file;  // the first of its files
  std::vector<DeleteSpec> deletes;
  std::vector<CommandSpec> commands;
  std::vector<Manifest> apply;
  std::vector<Manifest> asserts;
  std::vector<Manifest> errors;
  std::optional<CheckSpec> check;
  // Fields of ours: of its TestStep.
  std::vector<CommandSpec> on_failure;  // catch: when it has failed
  std::vector<CommandSpec> at_end;      // finally: at the end of the test, if it was begun
  base::Duration limit{};               // of all of the step; 0: none
  bool expand = false;                  // ${NAME} in its objects stands for variables
  ClusterRef cluster;
  std::optional<bool> fail_early;  // its check's, else its TestStep's; nullopt: the suite's

  // kuttl's display form: "0-install", or "1-" for a step without a name.
  std::string Text() const;
};

// What a TestStep says of its whole test, in fields of ours.
struct TestRules {
  std::optional<Place> place;           // where; nullopt: nowhere
  bool serial = false;                  // runs alone, before the others
  base::Duration limit{};               // of all its steps; 0: none
  std::vector<CommandSpec> on_failure;  // catch: when a step has failed
};

// One test: a directory.
struct Test {
  std::string suite;                // the testDirs entry as given
  std::string name;                 // the directory's name
  std::filesystem::path directory;  // absolute
  std::vector<Step> steps;          // by index
  std::string ns;  // its namespace, where a template has asked for it; else "": any
  std::vector<std::string> left_out;  // files whose TestFile does not select this run
  TestRules rules;
};

// The cluster that a TestSuite wants to be started for it, and what becomes of it.
struct ClusterWish {
  bool control_plane = false;  // startControlPlane
  bool kind = false;           // startKIND
  bool attach_output = false;  // attachControlPlaneOutput
  bool keep = false;           // skipClusterDelete
  bool node_cache = false;     // kindNodeCache
  std::string kind_config;
  std::string kind_name = "kind";   // kindContext
  std::vector<std::string> images;  // kindContainers
};

enum class ReportFormat { kNone, kXml, kJson };
enum class Granularity { kStep, kTest };

// A TestSuite document (kuttl-test.yaml) with flags applied.
struct SuiteConfig {
  std::string name;
  std::string file;  // "" when there is no file
  std::vector<std::string> test_dirs;
  std::string crd_dir;
  std::vector<std::string> manifest_dirs;
  std::vector<CommandSpec> commands;
  int timeout = 30;         // seconds
  int command_timeout = 0;  // of suite commands: as written; 0: none
  int parallel = 8;
  std::string ns;  // "": a new one for each test
  bool skip_delete = false;
  bool keep_failed = false;  // as skip_delete, of tests that have failed
  bool leak_check = false;   // what tests leave outside of their namespaces is a failure
  bool fail_early = false;   // a cause that stays until somebody mends it ends a wait
  std::string artifacts_dir = ".";
  ReportFormat report_format = ReportFormat::kNone;
  std::string report_name = "kuttl-report";
  Granularity granularity = Granularity::kStep;
  std::vector<std::string> suppress;
  ClusterWish cluster;
  std::vector<std::string> ignore_files = {"README*"};
};

}  // namespace trial
