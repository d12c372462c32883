#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "expect/field_path.h"
#include "expect/match.h"
#include "schema/catalog.h"
#include "schema/metadata.h"
#include "trial/checker.h"
#include "trial/demand.h"

namespace trial {
namespace {

using schema::Extent;
using schema::Finding;
using Known = schema::Catalog::Answer::Known;

enum class Role { kApply, kAssert, kErrors };
enum class Before { kNo, kMaybe, kYes };  // is an object there before it is applied?

constexpr char kDefinitionKind[] = "CustomResourceDefinition";

template <typename Visit>
void ForEachObject(const LoadedFiles& suite, const Visit& visit) {
  for (const Manifest& one : suite.crds) visit(one);
  for (const Manifest& one : suite.manifests) visit(one);
  for (const PlannedTest& planned : suite.plan.tests) {
    for (const Step& step : planned.test.steps) {
      for (const auto* list : {&step.apply, &step.asserts, &step.errors})
        for (const Manifest& one : *list) visit(one);
    }
  }
}

// Holds objects against the catalog, in the order in which a run would come to them.
class ObjectChecker {
 public:
  ObjectChecker(const schema::Catalog& catalog, Problems& problems)
      : catalog_(catalog), problems_(problems) {}

  void CheckSetUp(const LoadedFiles& suite) {
    for (const auto* list : {&suite.crds, &suite.manifests})
      for (const Manifest& one : *list) Check(one, Role::kApply);
    commands_ran_ = !suite.config.commands.empty();
  }

  // What one test makes, another does not find: tests have namespaces of their own.
  void CheckTest(const Test& test) {
    const auto applied = applied_;
    const bool commands_ran = commands_ran_;
    for (const Step& step : test.steps) CheckStep(step);
    applied_ = applied;
    commands_ran_ = commands_ran;
  }

  ObjectCount Take() { return std::move(count_); }

 private:
  void CheckStep(const Step& step) {
    for (const DeleteSpec& one : step.deletes)
      (void)Ask(one.kind, one.place, "a delete entry", Role::kApply);
    commands_ran_ = commands_ran_ || !step.commands.empty();
    for (const Manifest& one : step.apply) Check(one, Role::kApply);
    for (const Manifest& one : step.asserts) Check(one, Role::kAssert);
    for (const Manifest& one : step.errors) Check(one, Role::kErrors);
    if (!step.check) return;
    CheckQuestions(*step.check);
    commands_ran_ = commands_ran_ || !step.check->commands.empty();
  }

  // What a TestAssert asks by kind and path instead of by an object.
  void CheckQuestions(const CheckSpec& check) {
    for (const auto* list : {&check.match, &check.order}) {
      for (const auto& one : *list) {
        const auto answer =
            Ask(one->kind, one->place, "a condition", one->never ? Role::kErrors : Role::kAssert);
        for (const Demand::Field& field : one->fields) CheckPath(answer, field.path, field.place);
      }
    }
    for (const OutputSpec& one : check.outputs) {
      const auto path = expect::FieldPath::Parse(one.path);
      const auto answer = Ask(one.kind, one.place, "an output", Role::kAssert);
      if (path.ok()) CheckPath(answer, *path, one.place);
    }
    for (const ResourceRef& one : check.refs)
      (void)Ask(one.kind, one.place, "a resourceRef", Role::kAssert);
  }

  void CheckPath(const schema::Catalog::Answer& answer, const expect::FieldPath& path,
                 const Place& place) {
    if (answer.known != Known::kKind) return;
    const std::string problem = schema::UnknownField(answer.schema, path.Keys());
    if (!problem.empty()) problems_.Warn(place, fmt::format("{}: {}", path.text(), problem));
  }

  void Check(const Manifest& manifest, Role role) {
    const kube::Kind kind = manifest.object.kind();
    auto before = commands_ran_ ? Before::kMaybe : Before::kNo;
    if (role == Role::kApply && !applied_.insert({kind, manifest.object.key()}).second)
      before = Before::kYes;
    for (const Finding& one : schema::CheckNames(manifest.object.json()))
      Report(manifest, role, one, before);
    const auto answer =
        Ask(kind, manifest.At({"kind"}), expect::NameOf(manifest.object.json()), role);
    if (answer.known != Known::kKind) {
      ++count_.unchecked[kind.ApiVersion() + " " + kind.kind];
      return;
    }
    ++count_.checked;
    const Extent extent = role == Role::kApply ? Extent::kWhole : Extent::kPartial;
    for (const Finding& one : schema::Check(answer.schema, manifest.object.json(), extent))
      Report(manifest, role, one, before);
  }

  void Report(const Manifest& manifest, Role role, const Finding& finding, Before before) {
    using Kind = Finding::Kind;
    // Filled in by the run: what stands there now says nothing.
    const auto text_there = manifest.object.String(finding.path);
    if (text_there.find("${") != std::string::npos) return;
    const bool missing = finding.kind == Kind::kMissing;
    if (missing && before == Before::kYes) return;  // a patch
    const std::string text =
        fmt::format("{}: {}: {}", expect::NameOf(manifest.object.json()),
                    value::FormatPath(finding.path, manifest.object.json()), finding.message);
    const Place place = manifest.At(finding.path);
    if (role == Role::kErrors) {
      problems_.Warn(place, text + ": no object looks like that, so that nothing is tested");
    } else if (role == Role::kAssert) {
      problems_.Error(place, text + ": no object ever looks like that");
    } else if (finding.kind == Kind::kUnknownField) {
      problems_.Warn(place, text + ": the API server drops it");
    } else if (missing && before == Before::kMaybe) {
      problems_.Warn(place, text + ", unless a command has made the object before");
    } else if (!finding.custom && (missing || finding.kind == Kind::kDuplicate)) {
      // What Kubernetes' own documentation says of its kinds is not quite what its servers do.
      problems_.Warn(place, text);
    } else {
      problems_.Error(place, text);
    }
  }

  schema::Catalog::Answer Ask(const kube::Kind& kind, const Place& place, const std::string& what,
                              Role role) {
    const auto answer = catalog_.Find(kind.ApiVersion(), kind.kind);
    const std::string near = base::DidYouMean(kind.kind, answer.others);
    std::string text;
    if (answer.known == Known::kNoKind) {
      text = fmt::format("{}: {} has no kind {}{}", what, kind.ApiVersion(), kind.kind, near);
    } else if (answer.known == Known::kNoVersion) {
      text = fmt::format("{}: {} is not served in version {}, but in {}", what, kind.kind,
                         kind.version, base::Join(answer.others, ", "));
    } else if (answer.known == Known::kNothing && !near.empty()) {
      // Only some of the group's definitions are here.
      problems_.Warn(place, fmt::format("{}: unknown kind {} in {}{}", what, kind.kind,
                                        kind.ApiVersion(), near));
    }
    if (text.empty()) return answer;
    if (role == Role::kErrors)
      problems_.Warn(place, text);
    else
      problems_.Error(place, text);
    return answer;
  }

  const schema::Catalog& catalog_;
  Problems& problems_;
  ObjectCount count_;
  std::set<std::pair<kube::Kind, kube::Key>> applied_;
  bool commands_ran_ = false;  // they may have made anything
};

}  // namespace

std::vector<std::string> GroupVersions(const LoadedFiles& suite) {
  std::set<std::string> found;
  ForEachObject(suite, [&](const Manifest& one) { found.insert(one.object.kind().ApiVersion()); });
  for (const PlannedTest& planned : suite.plan.tests) {
    for (const Step& step : planned.test.steps) {
      for (const DeleteSpec& one : step.deletes) found.insert(one.kind.ApiVersion());
      if (!step.check) continue;
      for (const ResourceRef& one : step.check->refs) found.insert(one.kind.ApiVersion());
      for (const OutputSpec& one : step.check->outputs) found.insert(one.kind.ApiVersion());
      for (const auto& one : step.check->match) found.insert(one->kind.ApiVersion());
      for (const auto& one : step.check->order) found.insert(one->kind.ApiVersion());
    }
  }
  return {found.begin(), found.end()};
}

void AddDefinitions(const LoadedFiles& suite, schema::Catalog& catalog, Problems& problems) {
  const auto add = [&](const Manifest& manifest) {
    if (manifest.object.kind() != kube::Kind{"apiextensions.k8s.io", "v1", kDefinitionKind}) return;
    const auto added = catalog.AddDefinition(manifest.object.json());
    if (!added.ok()) problems.Error(manifest.At(), added.error().message());
  };
  for (const auto* list : {&suite.crds, &suite.manifests})
    for (const Manifest& one : *list) add(one);
  for (const PlannedTest& planned : suite.plan.tests)
    for (const Step& step : planned.test.steps)
      for (const Manifest& one : step.apply) add(one);
}

ObjectCount CheckObjects(const LoadedFiles& suite, const schema::Catalog& catalog,
                         Problems& problems) {
  ObjectChecker checker(catalog, problems);
  checker.CheckSetUp(suite);
  for (const PlannedTest& one : suite.plan.tests) checker.CheckTest(one.test);
  return checker.Take();
}

}  // namespace trial
