#include "trial/checker.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/bundle.h"
#include "sys/files.h"
#include "trial/loader.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::SuiteFiles;

constexpr char kMap[] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";

// A little of what Kubernetes publishes.
constexpr char kBundle[] =
    R"({"kubernetes":"v1.0.0"})"
    "\nv1\t"
    R"({"components":{"schemas":{"io.k8s.api.core.v1.ConfigMap":{"type":"object","properties":{)"
    R"("apiVersion":{"type":"string"},"kind":{"type":"string"},"metadata":{"type":"object"},)"
    R"("data":{"type":"object","additionalProperties":{"type":"string"}},"immutable":{"type":"boolean"}},)"
    R"("x-kubernetes-group-version-kind":[{"group":"","kind":"ConfigMap","version":"v1"}]}}}})"
    "\n";

constexpr char kShips[] = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.sea.dev}
spec:
  group: sea.dev
  scope: Namespaced
  names: {kind: Ship, plural: ships}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [name]
            properties:
              name: {type: string, enum: [anna, berta]}
              masts: {type: integer, minimum: 1}
)";

std::string Ship(const std::string& spec) {
  return "apiVersion: sea.dev/v1\nkind: Ship\nmetadata:\n  name: s\nspec: " + spec + "\n";
}

// What is found beyond loading, in the order found, with paths below the suite.
std::vector<std::string> Found(const SuiteFiles& files, ObjectCount* count = nullptr,
                               const std::vector<CommandSpec>& commands = {}) {
  Problems loading(false);
  SuiteConfig config;
  config.test_dirs = {files.Path("suite")};
  config.commands = commands;
  const auto tests = LoadTests(files.Path("suite"), {{"README*"}, {}}, loading);
  std::vector<Manifest> crds;
  if (std::filesystem::exists(files.Path("crds")))
    crds = LoadManifests(files.Path("crds"), loading);
  const auto plan = MakePlan(tests, "");
  const std::vector<Manifest> none;
  const LoadedFiles suite{config, *plan, crds, none};
  Problems problems(false);
  CheckFiles(suite, {{{"PATH", "/usr/bin:/bin"}}, files.Path(), {}}, problems);
  schema::Catalog catalog;
  const auto wanted = [](const std::string&) { return true; };
  EXPECT_TRUE(schema::AddBundle(kBundle, wanted, catalog).ok());
  AddDefinitions(suite, catalog, problems);
  const ObjectCount counted = CheckObjects(suite, catalog, problems);
  if (count != nullptr) *count = counted;
  std::vector<std::string> found;
  for (const auto& problem : problems.all()) {
    std::string text = problem.Format();
    for (size_t at; (at = text.find(files.Path("suite") + "/")) != std::string::npos;)
      text.erase(at, files.Path("suite").size() + 1);
    found.push_back((problem.warning ? "warning: " : "error: ") + text);
  }
  return found;
}

TEST(CheckerTest, AGoodSuiteHasNoProblems) {
  ObjectCount count;
  EXPECT_THAT(Found(SuiteFiles({
                        {"crds/ships.yaml", kShips},
                        {"suite/a/00-a.yaml",
                         std::string(kMap) + "data: {a: b}\n---\n" + Ship("{name: anna}")},
                        {"suite/a/00-assert.yaml", Ship("{masts: 2}")},
                        {"suite/a/01-errors.yaml", kMap},
                        {"suite/a/helper.yaml", "any: thing"},
                        {"suite/a/README.md", "text"},
                        {"suite/README.md", "text"},
                    }),
                    &count),
              IsEmpty());
  EXPECT_EQ(count.checked, 4u);
  EXPECT_THAT(count.unchecked,
              ElementsAre(Pair("apiextensions.k8s.io/v1 CustomResourceDefinition", 1u)));
}

TEST(CheckerTest, AppliedObjectsAreHeldAgainstTheirSchemas) {
  EXPECT_THAT(
      Found(SuiteFiles({
          {"crds/ships.yaml", kShips},
          {"suite/a/00-a.yaml", std::string(kMap) + "dta: {a: b}\n"},
          {"suite/a/01-a.yaml", std::string(kMap) + "data:\n  a: 1\n"},
          {"suite/a/02-a.yaml", Ship("{name: bertha}")},
          {"suite/b/00-a.yaml", Ship("{masts: 0}")},
      })),
      ElementsAre(
          "warning: a/00-a.yaml:5:1: ConfigMap web: .dta: unknown field (did you mean "
          "\"data\"?): the API server drops it",
          "error: a/01-a.yaml:6:3: ConfigMap web: .data.a: must be a string, found 1 (write "
          "it in quotes: \"1\")",
          "error: a/02-a.yaml:5:8: Ship s: .spec.name: must be one of anna, berta (did you "
          "mean \"berta\"?), found \"bertha\"",
          "error: b/00-a.yaml:5:8: Ship s: .spec.masts: must be at least 1, found 0",
          "error: b/00-a.yaml:5:1: Ship s: .spec.name: is required"));
}

TEST(CheckerTest, WhatIsAppliedASecondTimeIsAPatchAndNeedsNoRequiredFields) {
  const SuiteFiles files({{"crds/ships.yaml", kShips},
                          {"suite/a/00-a.yaml", Ship("{name: anna}")},
                          {"suite/a/01-a.yaml", Ship("{masts: 2}")},
                          {"suite/b/00-a.yaml", Ship("{masts: 2}")}});
  EXPECT_THAT(Found(files), ElementsAre("error: b/00-a.yaml:5:1: Ship s: .spec.name: is required"))
      << "another test has another namespace";
  EXPECT_THAT(Found(files, nullptr, {{.script = "true"}}),
              ElementsAre("warning: b/00-a.yaml:5:1: Ship s: .spec.name: is required, unless a "
                          "command has made the object before"));
}

TEST(CheckerTest, AnAssertThatCanNeverHoldIsAnErrorAndInAnErrorsFileAWarning) {
  EXPECT_THAT(
      Found(SuiteFiles({
          {"crds/ships.yaml", kShips},
          {"suite/a/00-assert.yaml", Ship("{mast: 2}")},
          {"suite/a/00-errors.yaml", Ship("{masts: two}")},
      })),
      ElementsAre(
          "error: a/00-assert.yaml:5:8: Ship s: .spec.mast: unknown field (did you mean "
          "\"masts\"?): no object ever looks like that",
          "warning: a/00-errors.yaml:5:8: Ship s: .spec.masts: must be a whole number, found "
          "\"two\": no object looks like that, so that nothing is tested"));
}

TEST(CheckerTest, UnknownKindsAndVersionsSayWhatThereIs) {
  ObjectCount count;
  EXPECT_THAT(
      Found(SuiteFiles({
                {"crds/ships.yaml", kShips},
                {"suite/a/00-a.yaml", "apiVersion: v1\nkind: ConfigMpa\nmetadata: {name: a}\n"},
                {"suite/a/01-a.yaml", "apiVersion: sea.dev/v2\nkind: Ship\nmetadata: {name: a}\n"},
                {"suite/a/02-a.yaml", "apiVersion: sea.dev/v1\nkind: Shipp\nmetadata: {name: a}\n"},
                {"suite/a/03-a.yaml", "apiVersion: sky.dev/v1\nkind: Kite\nmetadata: {name: a}\n"},
                {"suite/a/04-a.yaml",
                 "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n"
                 "delete: [{apiVersion: v1, kind: Configmap, name: a}]\n"},
            }),
            &count),
      ElementsAre(
          "error: a/00-a.yaml:2:1: ConfigMpa a: v1 has no kind ConfigMpa (did you mean "
          "\"ConfigMap\"?)",
          "error: a/01-a.yaml:2:1: Ship a: Ship is not served in version v2, but in v1",
          "warning: a/02-a.yaml:2:1: Shipp a: unknown kind Shipp in sea.dev/v1 (did you mean "
          "\"Ship\"?)",
          "error: a/04-a.yaml:3:10: a delete entry: v1 has no kind Configmap (did you mean "
          "\"ConfigMap\"?)"));
  EXPECT_EQ(count.unchecked["sky.dev/v1 Kite"], 1u);
}

TEST(CheckerTest, WhatATestAssertAsksByKindAndPathIsChecked) {
  EXPECT_THAT(
      Found(SuiteFiles({
          {"crds/ships.yaml", kShips},
          {"suite/a/00-assert.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestAssert
match:
- apiVersion: sea.dev/v1
  kind: Ship
  name: s
  fields:
    .spec.masts: 2
    .spec.mast: 2
order:
- {apiVersion: v1, kind: ConfigMpa, name: c, fields: {.data.a: b}}
outputs:
  NAME: {apiVersion: v1, kind: ConfigMap, name: c, path: .dta.a}
)"},
      })),
      ElementsAre("warning: a/00-assert.yaml:9:5: .spec.mast: unknown field \"mast\" (did "
                  "you mean \"masts\"?)",
                  "error: a/00-assert.yaml:11:3: a condition: v1 has no kind ConfigMpa (did "
                  "you mean \"ConfigMap\"?)",
                  "warning: a/00-assert.yaml:13:3: .dta.a: unknown field \"dta\" (did you "
                  "mean \"data\"?)"));
}

TEST(CheckerTest, ADefinitionThatATestAppliesIsKnownToIt) {
  EXPECT_THAT(Found(SuiteFiles({{"suite/a/00-crd.yaml", kShips},
                                {"suite/a/01-a.yaml", Ship("{name: cecilia}")}})),
              ElementsAre(HasSubstr("error: a/01-a.yaml:5:8: Ship s: .spec.name: must be one of")));
}

TEST(CheckerTest, AValueThatTheRunFillsInSaysNothingYet) {
  EXPECT_THAT(Found(SuiteFiles({{"crds/ships.yaml", kShips},
                                {"suite/a/00-a.yaml", Ship("{name: anna, masts: \"${MASTS}\"}")}})),
              IsEmpty());
}

TEST(CheckerTest, FilesThatLookLikePartOfATestAndAreNotAreNamed) {
  EXPECT_THAT(
      Found(SuiteFiles({
          {"suite/00-stray.yaml", kMap},
          {"suite/a/00-a.yaml", kMap},
          {"suite/a/assert.yaml", kMap},
          {"suite/a/errors-late.yaml", kMap},
          {"suite/a/check.yaml", "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: 9\n"},
          {"suite/a/deep/00-a.yaml", kMap},
          {"suite/a/files/values.yaml", "a: b"},
      })),
      ElementsAre(AllOf(HasSubstr("warning: 00-stray.yaml: not run: "),
                        HasSubstr("each of its sub-directories is one")),
                  "warning: a/assert.yaml: ignored: without a number in front (01-assert.yaml) it "
                  "belongs to no step",
                  "warning: a/check.yaml:1:1: ignored: this TestAssert is in a file that is no "
                  "step's: its name does not begin with a number, and nothing names it",
                  HasSubstr("warning: a/deep: not run: it holds step files"),
                  HasSubstr("warning: a/errors-late.yaml: ignored: ")));
}

TEST(CheckerTest, AHelperThatAStepNamesIsInUse) {
  EXPECT_THAT(Found(SuiteFiles({
                  {"suite/a/00-a.yaml",
                   "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\nassert: [assert-more.yaml]\n"
                   "commands: [{command: kubectl apply -f errors.yaml}]\n"},
                  {"suite/a/assert-more.yaml", kMap},
                  {"suite/a/errors.yaml", kMap},
              })),
              IsEmpty());
}

std::string Step(const std::string& command) {
  return "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n- " + command + "\n";
}

TEST(CheckerTest, CommandsNeedTheirProgramsAndScripts) {
  EXPECT_THAT(
      Found(SuiteFiles({
          {"suite/a/00-a.yaml", Step("command: no-such-program-here --flag")},
          {"suite/a/01-a.yaml", Step("command: ./gone.sh")},
          {"suite/a/02-a.yaml", Step("command: sh gone.sh")},
          {"suite/a/03-a.yaml", Step("script: sh there.sh && ./gone.sh")},
          {"suite/a/04-a.yaml", Step("command: ./there.sh")},
          {"suite/a/05-a.yaml", Step("command: sh there.sh")},
          {"suite/a/06-a.yaml", Step("command: helm list")},
          {"suite/a/07-a.yaml", Step("command: $TOOL gone.sh")},
          {"suite/a/08-a.yaml", Step("command: sh -c 'unclosed")},
          {"suite/a/09-a.yaml", Step("{command: kubectl exec web -- ls, namespaced: true}")},
          {"suite/a/10-a.yaml",
           Step("{command: kubectl exec -n other web -- ls, namespaced: true}")},
          {"suite/a/there.sh", "true"},
      })),
      ElementsAre(HasSubstr("warning: a/00-a.yaml:4:3: there is no program no-such-program-here in "
                            "the PATH"),
                  HasSubstr("warning: a/01-a.yaml:4:3: ./gone.sh: no such file (relative to "),
                  HasSubstr("warning: a/02-a.yaml:4:3: gone.sh: no such file"),
                  HasSubstr("warning: a/03-a.yaml:4:3: ./gone.sh: no such file"),
                  HasSubstr("warning: a/04-a.yaml:4:3: ./there.sh may not be executed: chmod +x"),
                  HasSubstr("error: a/08-a.yaml:4:3: a quote is not closed"),
                  HasSubstr("warning: a/09-a.yaml:4:3: namespaced adds --namespace at the very "
                            "end")));
}

TEST(CheckerTest, TheFieldsBeyondKuttlAreHeldToTheSame) {
  EXPECT_THAT(Found(SuiteFiles({
                  {"suite/a/00-a.yaml",
                   "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n"
                   "catch: [{command: ./gone.sh}]\nfinally: [{command: sh also-gone.sh}]\n"
                   "test: {catch: [{command: no-such-program-here}]}\n"},
                  {"suite/a/00-assert.yaml",
                   "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\n"
                   "match: [{apiVersion: v1, kind: ConfigMop, name: a}]\n"},
              })),
              ::testing::UnorderedElementsAre(
                  HasSubstr("there is no program no-such-program-here"),
                  HasSubstr("./gone.sh: no such file"), HasSubstr("also-gone.sh: no such file"),
                  HasSubstr("error: a/00-assert.yaml:3:9: a condition: v1 has no kind ConfigMop "
                            "(did you mean \"ConfigMap\"?)")));
}

}  // namespace
}  // namespace trial
