#include "trial/read.h"

#include <fmt/format.h>

#include "base/text.h"
#include "trial/names.h"
#include "trial/read_expressions.h"
#include "trial/read_own.h"

namespace trial {
namespace {

void ReadHeader(Fields& fields) {
  (void)fields.String("apiVersion");
  (void)fields.String("kind");
}

enum class CommandOwner { kSuite, kStep, kAssert };

CommandSpec ReadCommand(Fields& fields, CommandOwner owner) {
  CommandSpec command;
  command.place = fields.Here();
  command.command = fields.String("command");
  command.script = fields.String("script");
  command.namespaced = fields.Bool("namespaced");
  command.skip_log_output = fields.Bool("skipLogOutput");
  if (owner == CommandOwner::kAssert) {
    fields.Misplaced("timeout", "an assert command may take what is left of TestAssert.timeout");
  } else {
    command.ignore_failure = fields.Bool("ignoreFailure");
    command.background = fields.Bool("background");
    command.timeout = fields.Int("timeout");
  }
  ReadOwnFields(fields, command);
  Problems& problems = fields.problems();
  if (owner == CommandOwner::kAssert && command.retries > 0)
    problems.Error(fields.At("retry"), "an assert command is tried again anyway");
  if (owner == CommandOwner::kSuite && !command.output.empty())
    problems.Error(command.place, "a suite command has no test whose variable this could be");
  if (command.command.empty() == command.script.empty()) {
    problems.Error(command.place,
                   fmt::format("{} needs either command or script{}", fields.what(),
                               command.command.empty() ? ", found neither" : ", found both"));
  }
  if (!command.script.empty() && command.namespaced) {
    problems.Error(fields.At("namespaced"),
                   "namespaced does not work with script: use $NAMESPACE in the script");
  }
  return command;
}

std::vector<CommandSpec> ReadCommands(Fields& fields, CommandOwner owner,
                                      const std::string& list = "commands") {
  std::vector<CommandSpec> commands;
  fields.Each(list, "a command of a " + fields.what(),
              [&](Fields& element) { commands.push_back(ReadCommand(element, owner)); });
  return commands;
}

// "" when the fields fit the type, else what is wrong.
std::string CollectorProblem(const CollectorSpec& spec) {
  switch (spec.type) {
    case CollectorType::kPod:
      if (!spec.command.empty()) return "a collector of type pod has no command";
      if (spec.pod.empty() && spec.selector.empty()) return "it needs pod or selector";
      return "";
    case CollectorType::kEvents:
      if (!spec.command.empty() || !spec.selector.empty() || !spec.container.empty())
        return "a collector of type events has no command, selector or container";
      return "";
    case CollectorType::kCommand:
      if (spec.command.empty()) return "it needs command";
      if (!spec.pod.empty() || !spec.ns.empty() || !spec.container.empty() ||
          !spec.selector.empty())
        return "a collector of type command has no pod, namespace, container or selector";
      return "";
  }
  return "";
}

CollectorSpec ReadCollector(Fields& fields) {
  CollectorSpec spec;
  spec.place = fields.Here();
  const std::string type = base::Lower(fields.String("type"));
  spec.pod = fields.String("pod");
  spec.ns = fields.String("namespace");
  spec.container = fields.String("container");
  spec.selector = fields.String("selector");
  spec.command = fields.String("command");
  spec.tail = fields.Int("tail");
  std::string problem;
  if (type == "events") {
    spec.type = CollectorType::kEvents;
  } else if (type == "command" || (type.empty() && !spec.command.empty())) {
    spec.type = CollectorType::kCommand;
  } else if (!type.empty() && type != "pod") {
    problem = fmt::format("unknown type \"{}\"{}", type,
                          base::DidYouMean(type, {"pod", "events", "command"}));
  }
  if (problem.empty()) problem = CollectorProblem(spec);
  // kuttl logs this when it wants to collect and goes on: a mistake to see early, but no error.
  if (!problem.empty()) fields.problems().Warn(spec.place, "invalid collector: " + problem);
  return spec;
}

DeleteSpec ReadDelete(Fields& fields) {
  DeleteSpec spec;
  spec.place = fields.Here();
  spec.kind = kube::Kind::Of(fields.String("apiVersion"), fields.String("kind"));
  spec.name = fields.String("name");
  spec.ns = fields.String("namespace");
  spec.labels = fields.StringMap("labels");
  // Written so in many real suites. kuttl drops it and deletes every object of the kind.
  if (fields.Has("metadata")) {
    fields.problems().Warn(
        fields.At("metadata"),
        "a delete entry has name, namespace and labels at its top level, not below metadata: kuttl "
        "would delete every object of the kind; metadata is honoured here");
    fields.Inside("metadata", "metadata of a delete entry", [&](Fields& metadata) {
      if (spec.name.empty()) spec.name = metadata.String("name");
      if (spec.ns.empty()) spec.ns = metadata.String("namespace");
      if (spec.labels.empty()) spec.labels = metadata.StringMap("labels");
    });
  }
  for (const char* unused : {"uid", "resourceVersion", "fieldPath"}) fields.Ignore(unused);
  if (spec.kind.kind.empty() || spec.kind.version.empty())
    fields.problems().Error(spec.place, "a delete entry needs apiVersion and kind");
  return spec;
}

std::vector<StepSpec::Reference> ReadReferences(Fields& fields, const std::string& name) {
  std::vector<StepSpec::Reference> references;
  for (const std::string& path : fields.Strings(name))
    references.push_back({fields.At(name), path});
  return references;
}

ClusterRef ReadCluster(Fields& fields) {
  ClusterRef cluster;
  cluster.kubeconfig = fields.String("kubeconfig");
  cluster.context = fields.String("context");
  cluster.place = fields.At(cluster.kubeconfig.empty() ? "context" : "kubeconfig");
  const std::string loading = fields.String("kubeconfigLoading");
  cluster.lazy = loading == "Lazy";
  if (!loading.empty() && loading != "Lazy" && loading != "Eager") {
    fields.problems().Error(fields.At("kubeconfigLoading"),
                            fmt::format("kubeconfigLoading is Eager or Lazy, found \"{}\"{}",
                                        loading, base::DidYouMean(loading, {"Eager", "Lazy"})));
  }
  return cluster;
}

int ReadTimeout(Fields& fields, int fallback) {
  const int timeout = fields.Int("timeout", fallback);
  if (timeout >= 0) return timeout;
  fields.problems().Error(fields.At("timeout"),
                          "a negative timeout would pass the step without checking anything");
  return fallback;
}

}  // namespace

bool IsKuttlKind(const value::Document& document, std::string_view kind) {
  const kube::Kind of = kube::Kind::Of(value::FindString(document.json, {"apiVersion"}),
                                       value::FindString(document.json, {"kind"}));
  return of.group == "kuttl.dev" && of.kind == kind;
}

StepSpec ReadStep(const value::Document& document, Problems& problems) {
  Fields fields(document, {}, "TestStep", problems);
  StepSpec step;
  step.place = fields.Here();
  ReadHeader(fields);
  fields.Inside("metadata", "metadata of a TestStep", [&](Fields& metadata) {
    step.name = metadata.String("name");
    for (const char* unused : {"labels", "annotations", "namespace"}) metadata.Ignore(unused);
  });
  step.apply = ReadReferences(fields, "apply");
  step.asserts = ReadReferences(fields, "assert");
  step.errors = ReadReferences(fields, "error");
  fields.Each("delete", "a delete entry",
              [&](Fields& element) { step.deletes.push_back(ReadDelete(element)); });
  step.commands = ReadCommands(fields, CommandOwner::kStep);
  step.on_failure = ReadCommands(fields, CommandOwner::kStep, "catch");
  step.at_end = ReadCommands(fields, CommandOwner::kStep, "finally");
  ReadOwnFields(fields, step);
  fields.Inside("test", "test of a TestStep", [&](Fields& test) {
    ReadTestRules(test, step.rules);
    step.rules.on_failure = ReadCommands(test, CommandOwner::kStep, "catch");
  });
  step.fail_early = fields.OptionalBool("failEarly");
  fields.Ignore("index");     // kuttl overwrites it with the file's number
  fields.Ignore("unitTest");  // read nowhere
  step.cluster = ReadCluster(fields);
  fields.Misplaced(
      "timeout",
      "the timeout of a step is that of a TestAssert in its assert file, or stepTimeout");
  fields.Finish();
  return step;
}

CheckSpec ReadCheck(const value::Document& document, Problems& problems) {
  Fields fields(document, {}, "TestAssert", problems);
  CheckSpec check;
  check.place = fields.Here();
  ReadHeader(fields);
  fields.Ignore("metadata");
  check.timeout = ReadTimeout(fields, 0);
  check.fail_early = fields.OptionalBool("failEarly");
  check.commands = ReadCommands(fields, CommandOwner::kAssert);
  fields.Each("collectors", "a collector",
              [&](Fields& element) { check.collectors.push_back(ReadCollector(element)); });
  ReadExpressions(fields, check);
  ReadOwnFields(fields, check);
  fields.Finish();
  return check;
}

namespace {

void ReadReport(Fields& fields, SuiteConfig& suite) {
  const std::string format = fields.String("reportFormat");
  if (base::Lower(format) == "xml") {
    suite.report_format = ReportFormat::kXml;
    if (format != "xml") {
      fields.problems().Warn(fields.At("reportFormat"),
                             "kuttl writes JSON unless this is written xml, in lower case");
    }
  } else if (!format.empty()) {
    suite.report_format = ReportFormat::kJson;
    if (base::Lower(format) != "json") {
      fields.problems().Warn(fields.At("reportFormat"),
                             fmt::format("unknown report format \"{}\"{}: JSON is written", format,
                                         base::DidYouMean(format, {"xml", "json"})));
    }
  }
  const std::string name = fields.String("reportName");
  if (!name.empty()) suite.report_name = name;
  const std::string granularity = fields.String("reportGranularity");
  if (granularity == "test") suite.granularity = Granularity::kTest;
  if (!granularity.empty() && granularity != "test" && granularity != "step") {
    fields.problems().Warn(fields.At("reportGranularity"),
                           fmt::format("unknown granularity \"{}\"{}: step is used", granularity,
                                       base::DidYouMean(granularity, {"step", "test"})));
  }
}

ClusterWish ReadClusterWish(Fields& fields) {
  ClusterWish wish;
  wish.control_plane = fields.Bool("startControlPlane");
  wish.kind = fields.Bool("startKIND");
  wish.attach_output = fields.Bool("attachControlPlaneOutput");
  wish.keep = fields.Bool("skipClusterDelete");
  wish.node_cache = fields.Bool("kindNodeCache");
  wish.kind_config = fields.String("kindConfig");
  const std::string name = fields.String("kindContext");
  if (!name.empty()) wish.kind_name = name;
  wish.images = fields.Strings("kindContainers");
  fields.Ignore("controlPlaneArgs");  // read nowhere since kuttl 0.16
  fields.Ignore("config");            // for users of kuttl's Go library
  return wish;
}

}  // namespace

SuiteConfig ReadSuite(const value::Document& document, Problems& problems) {
  Fields fields(document, {}, "TestSuite", problems);
  SuiteConfig suite;
  suite.file = document.file;
  ReadHeader(fields);
  fields.Inside("metadata", "metadata of a TestSuite", [&](Fields& metadata) {
    suite.name = metadata.String("name");
    for (const char* unused : {"labels", "annotations", "namespace"}) metadata.Ignore(unused);
  });
  suite.test_dirs = fields.Strings("testDirs");
  suite.crd_dir = fields.String("crdDir");
  suite.manifest_dirs = fields.Strings("manifestDirs");
  suite.commands = ReadCommands(fields, CommandOwner::kSuite);
  suite.command_timeout = ReadTimeout(fields, 0);
  suite.timeout = suite.command_timeout == 0 ? 30 : suite.command_timeout;
  suite.parallel = fields.Int("parallel");
  if (suite.parallel < 0) problems.Error(fields.At("parallel"), "parallel must not be negative");
  if (suite.parallel <= 0) suite.parallel = 8;
  suite.ns = fields.String("namespace");
  suite.skip_delete = fields.Bool("skipDelete");
  suite.leak_check = fields.Bool("leakCheck");
  suite.fail_early = fields.Bool("failEarly");
  const std::string artifacts = fields.String("artifactsDir");
  if (!artifacts.empty()) suite.artifacts_dir = artifacts;
  ReadReport(fields, suite);
  suite.suppress = fields.Strings("suppress");
  const bool ignore_given = fields.Has("ignoreFiles");  // an empty list turns the default off
  const auto ignore_files = fields.Strings("ignoreFiles");
  if (ignore_given) suite.ignore_files = ignore_files;
  for (const std::string& pattern : suite.ignore_files) {
    const auto matched = MatchesPattern(pattern, "x");
    if (!matched.ok()) problems.Error(fields.At("ignoreFiles"), matched.error().message());
  }
  suite.cluster = ReadClusterWish(fields);
  fields.Finish();
  return suite;
}

}  // namespace trial
