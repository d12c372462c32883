// seatrial check: what is wrong with the files of a suite, before there is a cluster.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "app/seatrial/suite_run.h"
#include "base/text.h"
#include "report/problem_list.h"
#include "schema/bundle.h"
#include "sys/files.h"
#include "sys/process.h"
#include "trial/checker.h"
#include "trial/cluster_schemas.h"
#include "trial/loader.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;

constexpr auto kWholeCheck = std::chrono::seconds(60);
constexpr size_t kLargestBundle = size_t{64} << 20;

struct CheckFlags {
  std::string cluster, kubeconfig, context, kubernetes_bin, state_dir = kStateDir;
  std::vector<std::string> definitions;  // folders
  std::string output = "text";
};

// What the objects were held against.
struct Schemas {
  schema::Catalog catalog;
  std::string origin;  // "Kubernetes v1.37.2", "the cluster at https://... (v1.37.2)", or ""
};

// A chart's definitions lie in its crds folder.
std::string DefinitionFolder(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::path(path) / "Chart.yaml", error) ? (fs::path(path) / "crds").string()
                                                          : path;
}

Result<kube::ClusterAccess> FindAccess(const CheckFlags& flags, Context& context) {
  if (flags.cluster.empty()) return kube::LoadKubeconfig(flags.kubeconfig, flags.context);
  const auto provider = MakeProvider(context, flags.state_dir);
  return kube::LoadKubeconfig(TRY(provider->Find(flags.cluster)).kubeconfig, flags.context);
}

// The cluster's where one is named, else those of the built programs.
Result<Schemas> FindSchemas(const CheckFlags& flags, const fs::path& kubernetes,
                            const std::vector<std::string>& group_versions, Context& context) {
  const auto wanted = [&](const std::string& one) {
    return std::find(group_versions.begin(), group_versions.end(), one) != group_versions.end();
  };
  const auto until = base::Until::After(context.clock, kWholeCheck, context.signals.stop());
  Schemas schemas;
  if (!flags.cluster.empty() || !flags.kubeconfig.empty()) {
    const auto client = kube::MakeClient(TRY(FindAccess(flags, context)), base::Log::Nowhere());
    const auto version = trial::AddClusterSchemas(*client, wanted, schemas.catalog, until);
    if (!version.ok()) {
      return base::Error(version.error())
          .During(
              fmt::format("asking the API server at {} for its schemas", client->access().server));
    }
    schemas.origin = fmt::format("the cluster at {} ({})", client->access().server, *version);
    return schemas;
  }
  const fs::path bundle = kubernetes / schema::kBundleName;
  if (kubernetes.empty() || !fs::exists(bundle)) return schemas;
  const std::string text = TRY(sys::ReadFile(bundle, kLargestBundle));
  schemas.origin = "Kubernetes " + TRY(schema::AddBundle(text, wanted, schemas.catalog));
  return schemas;
}

std::string Plural(size_t count, const std::string& word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// "6 tests, 21 objects (19 held against Kubernetes v1.37.2): no errors, 1 warning".
std::string Summary(const LoadedSuite& suite, const Schemas& schemas,
                    const trial::ObjectCount& objects,
                    const std::vector<value::Problem>& problems) {
  size_t unchecked = 0;
  std::string names;
  for (const auto& [name, count] : objects.unchecked) {
    unchecked += count;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", name, count);
  }
  const auto warnings = static_cast<size_t>(std::count_if(
      problems.begin(), problems.end(), [](const value::Problem& one) { return one.warning; }));
  std::string text =
      fmt::format("{}, {}: {}, {}\n", Plural(suite.plan.tests.size(), "test"),
                  Plural(objects.checked + unchecked, "object"),
                  Plural(problems.size() - warnings, "error"), Plural(warnings, "warning"));
  if (schemas.origin.empty()) {
    text +=
        "built-in kinds were not checked: give --cluster or --kubeconfig, or build the schemas "
        "with tools/kubernetes/build\n";
  } else {
    text += fmt::format("{} held against {}\n", Plural(objects.checked, "object"), schemas.origin);
  }
  if (unchecked > 0)
    text +=
        fmt::format("no schema for {}: --definitions DIR adds CustomResourceDefinitions\n", names);
  return text;
}

void Print(const CheckFlags& flags, const LoadedSuite& suite, const Schemas& schemas,
           const trial::ObjectCount& objects, const std::vector<value::Problem>& problems) {
  if (flags.output == "json") {
    value::Json all = report::ProblemsAsJson(problems);
    all["schemas"] = schemas.origin;
    all["objects"] = {{"checked", objects.checked}, {"unchecked", objects.unchecked}};
    all["tests"] = suite.plan.tests.size();
    std::cout << all.dump(2, ' ', false, value::Json::error_handler_t::replace) << "\n";
  } else if (flags.output == "github") {
    std::cout << report::ProblemsAsGithubAnnotations(problems)
              << Summary(suite, schemas, objects, problems);
  } else {
    const auto read = [](const std::string& file) {
      return sys::ReadFile(file, kLargestBundle).ValueOr("");
    };
    std::cout << report::FormatProblems(problems, read)
              << Summary(suite, schemas, objects, problems);
  }
}

Result<int> Check(const SuiteFlags& suite_flags, const CheckFlags& flags, Context& context) {
  trial::Problems problems(suite_flags.strict);
  LoadedSuite suite = TRY(ReadSuite(suite_flags, problems, context));
  if (suite.config.test_dirs.empty() && suite.config.file.empty())
    return Fail(Code::kInvalid, "nothing to check: name a directory of tests, or a suite config");
  for (const std::string& path : flags.definitions)
    for (trial::Manifest& one : trial::LoadManifests(DefinitionFolder(path), problems))
      suite.crds.push_back(std::move(one));
  const auto until = base::Until::After(context.clock, kWholeCheck, context.signals.stop());
  const fs::path kubernetes = FindKubernetes(flags.kubernetes_bin, until);
  const trial::LoadedFiles files{suite.config, suite.plan, suite.crds, suite.manifests};
  trial::CheckFiles(files, {sys::Environment(), fs::current_path(), kubernetes}, problems);
  Schemas schemas = TRY(FindSchemas(flags, kubernetes, trial::GroupVersions(files), context));
  trial::AddDefinitions(files, schemas.catalog, problems);
  const trial::ObjectCount objects = trial::CheckObjects(files, schemas.catalog, problems);
  const auto sorted = report::SortProblems(problems.Take());
  Print(flags, suite, schemas, objects, sorted);
  const bool failed = std::any_of(sorted.begin(), sorted.end(),
                                  [](const value::Problem& one) { return !one.warning; });
  return failed ? kFailed : kPassed;
}

void AddSchemaFlags(CLI::App& command, const std::shared_ptr<CheckFlags>& flags) {
  CLI::Option* own = command.add_option("--cluster", flags->cluster,
                                        "the schemas of a cluster that `seatrial up` started");
  command.add_option("--kubeconfig", flags->kubeconfig, "the schemas of any other cluster")
      ->excludes(own);
  command.add_option("--context", flags->context, "context in that kubeconfig");
  command.add_option("--kubernetes-bin", flags->kubernetes_bin,
                     "folder of the Kubernetes programs; its schemas are used without a cluster");
  command.add_option("--state-dir", flags->state_dir, "where clusters keep their state")
      ->capture_default_str();
  command
      .add_option("--definitions", flags->definitions,
                  "more CustomResourceDefinitions: a folder, or a chart (its crds); repeatable")
      ->allow_extra_args(false);
}

}  // namespace

void AddCheckCommand(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand(
      "check", "find what is wrong with a suite's files; nothing is run, no cluster is needed");
  const auto suite = AddSuiteFlags(*command);
  const auto flags = std::make_shared<CheckFlags>();
  command->add_option("suite", suite->paths,
                      "directories of tests (each sub-directory is one), or a kuttl-test.yaml");
  AddSchemaFlags(*command, flags);
  command->add_option("-o,--output", flags->output, "text, json, or github (annotations)")
      ->check(CLI::IsMember({"text", "json", "github"}))
      ->capture_default_str();
  command->footer(
      "Takes the flags of `seatrial test`, so that one word of a command line changes.\n"
      "Exit codes: 0 nothing but warnings, 1 errors (--strict: or warnings), 2 wrong flags or "
      "nothing to check,\n3 the cluster that was named does not answer.\n"
      "Example:\n  seatrial check --definitions deploy/helm/vmafx --config "
      "test/e2e/kuttl-test.yaml");
  command->callback([suite, flags, &context] {
    const auto code = Check(*suite, *flags, context);
    if (code.ok()) {
      context.exit_code = *code;
      return;
    }
    fmt::print(stderr, "seatrial: {}\n", code.error().message());
    context.exit_code = code.Is(Code::kInvalid) ? kUsage : kErrored;
  });
}

}  // namespace app
