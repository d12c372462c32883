#include "trial/loader.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SuiteFiles;

constexpr char kMap[] = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n";

struct Loaded {
  std::vector<Test> tests;
  std::vector<std::string> problems;  // "warning: a/00-a.yaml:3:1: ..."
};

Loaded Load(const SuiteFiles& files, bool strict = false) {
  Problems problems(strict);
  Loaded loaded;
  loaded.tests = LoadTests(files.Path("suite"), {{"README*"}, {{"FROM_ENV", "helpers"}}}, problems);
  for (const auto& problem : problems.all()) {
    std::string text = problem.Format();
    const std::string folder = files.Path("suite") + "/";
    for (size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    loaded.problems.push_back((problem.warning ? "warning: " : "error: ") + text);
  }
  return loaded;
}

TEST(LoaderTest, FilesOfOneNumberMakeOneStepAndStepsGoByNumber) {
  const SuiteFiles files({
      {"suite/a/10-last.yaml", kMap},
      {"suite/a/2-second.yaml", kMap},
      {"suite/a/02-assert.yaml", kMap},
      {"suite/a/2-errors.yaml", kMap},
      {"suite/a/README.md", "not a step"},
      {"suite/a/helper.yaml", "kind: [broken"},
      {"suite/stray.yaml", "not: a test"},
      {"suite/b/3-assert.yaml", kMap},
  });

  const Loaded loaded = Load(files);

  EXPECT_THAT(loaded.problems, ElementsAre());
  ASSERT_EQ(loaded.tests.size(), 2u);
  ASSERT_EQ(loaded.tests[0].steps.size(), 2u);
  const Step& second = loaded.tests[0].steps[0];
  EXPECT_EQ(second.Text(), "2-second");
  EXPECT_EQ(second.apply.size(), 1u);
  EXPECT_EQ(second.asserts.size(), 1u);
  EXPECT_EQ(second.errors.size(), 1u);
  EXPECT_EQ(loaded.tests[0].steps[1].Text(), "10-last");
  EXPECT_EQ(loaded.tests[1].steps[0].Text(), "3-");
  EXPECT_TRUE(loaded.tests[1].directory.is_absolute());
}

TEST(LoaderTest, ReadsATestStepWithAllItsParts) {
  const SuiteFiles files({
      {"suite/a/00-go.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestStep
metadata:
  name: named
apply: [more.json, "$FROM_ENV"]
assert: [helpers/x.yaml]
error: [helpers/x.yaml]
delete:
- {apiVersion: v1, kind: Pod, name: gone}
- {apiVersion: apps/v1, kind: Deployment, labels: {app: web}}
commands:
- script: echo one
- command: kubectl get pods
  namespaced: true
  timeout: 7
  ignoreFailure: yes
)"},
      {"suite/a/more.json", R"({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})"},
      {"suite/a/helpers/x.yaml", kMap},
      {"suite/a/helpers/y.yml", "kind: [not read"},
  });

  const Loaded loaded = Load(files);

  EXPECT_THAT(loaded.problems, ElementsAre());
  const Step& step = loaded.tests.at(0).steps.at(0);
  EXPECT_EQ(step.name, "named");
  ASSERT_EQ(step.apply.size(), 2u);
  EXPECT_EQ(step.apply[0].object.Text(), "Secret s");
  EXPECT_EQ(step.asserts.size(), 1u);
  EXPECT_EQ(step.errors.size(), 1u);
  ASSERT_EQ(step.deletes.size(), 2u);
  EXPECT_EQ(step.deletes[1].labels.at("app"), "web");
  ASSERT_EQ(step.commands.size(), 2u);
  EXPECT_TRUE(step.commands[1].ignore_failure);
  EXPECT_EQ(step.commands[1].timeout, 7);
}

TEST(LoaderTest, UnknownFieldsAreNamedWithLineColumnAndAGuess) {
  const SuiteFiles files({{"suite/a/00-go.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestStep
comands:
- script: echo
timeout: 60
delete:
- apiVersion: v1
  kind: Pod
  metadata: {name: x}
)"}});

  const Loaded loaded = Load(files);
  const Loaded strict = Load(files, true);

  EXPECT_THAT(
      loaded.problems,
      ElementsAre(
          HasSubstr("warning: a/00-go.yaml:9:3: a delete entry has name"),
          HasSubstr("warning: a/00-go.yaml:5:1: unknown field \"timeout\" in TestStep is "
                    "ignored: the timeout of a step is that of a TestAssert"),
          "warning: a/00-go.yaml:3:1: unknown field \"comands\" in TestStep is ignored (did "
          "you mean \"commands\"?)"));
  EXPECT_EQ(loaded.tests[0].steps[0].deletes[0].name, "x");
  EXPECT_THAT(strict.problems[2], HasSubstr("error: a/00-go.yaml:3:1"));
}

TEST(LoaderTest, EveryMistakeIsReportedAtOnce) {
  const SuiteFiles files({
      {"suite/a/00-go.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestStep
apply: [missing.yaml]
commands:
- {}
- {command: a, script: b}
- {script: a, timeout: soon}
)"},
      {"suite/a/00-assert.yaml", "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: -1\n"},
      {"suite/b/00-assert.yaml", "kind: [broken\n"},
      {"suite/c/00-assert.yaml", "metadata: {name: x}\n"},
      {"suite/d/00-x.yaml",
       "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n---\napiVersion: kuttl.dev/v1beta1\nkind: "
       "TestStep\n"},
  });

  const Loaded loaded = Load(files);

  const std::string all = ::testing::PrintToString(loaded.problems);
  EXPECT_THAT(all, HasSubstr("00-assert.yaml:3:1: a negative timeout"));
  EXPECT_THAT(all, HasSubstr("00-go.yaml:5:3: a command of a TestStep needs either command or "
                             "script, found neither"));
  EXPECT_THAT(all, HasSubstr("00-go.yaml:6:3: a command of a TestStep needs either command or "
                             "script, found both"));
  EXPECT_THAT(all, HasSubstr("timeout must be a whole number, found \\\"soon\\\""));
  EXPECT_THAT(all, HasSubstr("00-go.yaml:3:1: missing.yaml: no such file or directory"));
  EXPECT_THAT(all, HasSubstr("an object needs apiVersion and kind"));
  EXPECT_THAT(all, HasSubstr("more than one TestStep in step 0"));
  EXPECT_GE(loaded.problems.size(), 8u);
}

TEST(LoaderTest, WhatIsNotSupportedYetIsRefusedByName) {
  const SuiteFiles files({
      {"suite/a/00-go.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestStep
apply: ["https://example.com/x.yaml"]
)"},
  });

  const std::string all = ::testing::PrintToString(Load(files).problems);

  EXPECT_THAT(all, HasSubstr("error: a/00-go.yaml:3:1: https://example.com/x.yaml: nothing is "
                             "fetched from URLs here"));
}

TEST(LoaderTest, TheLastOfSeveralTestAssertsWinsWithAWarning) {
  const SuiteFiles files({{"suite/a/00-assert.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestAssert
timeout: 1
commands:
- script: exit 1
---
apiVersion: kuttl.dev/v1beta1
kind: TestAssert
timeout: 2
)"}});

  const Loaded loaded = Load(files);

  EXPECT_EQ(loaded.tests.at(0).steps.at(0).check->timeout, 2);
  ASSERT_EQ(loaded.problems.size(), 1u);
  EXPECT_THAT(loaded.problems[0], HasSubstr("warning: a/00-assert.yaml:1:1: this TestAssert is not "
                                            "used"));
  EXPECT_THAT(loaded.problems[0], HasSubstr("its commands never run"));
}

TEST(LoaderTest, AListIsExpandedAndItsItemsKeepTheirPlaces) {
  const SuiteFiles files({{"suite/a/00-assert.yaml", R"(apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: b}
)"}});

  const Loaded loaded = Load(files);

  const auto& asserts = loaded.tests.at(0).steps.at(0).asserts;
  ASSERT_EQ(asserts.size(), 2u);
  EXPECT_EQ(asserts[1].object.name(), "b");
  EXPECT_EQ(asserts[1].At({"metadata"}).mark.line, 9);
}

TEST(LoaderTest, AStepDirectoryGivesAllItsFilesAndABadOneIsAnError) {
  const SuiteFiles files({
      {"suite/a/02-directory/pod.yaml", kMap},
      {"suite/a/02-directory/assert.yaml", kMap},
      {"suite/a/03-bad/notes.txt", "x"},
  });

  const Loaded loaded = Load(files);

  EXPECT_EQ(loaded.tests.at(0).steps.at(0).Text(), "2-pod");
  EXPECT_EQ(loaded.tests.at(0).steps.at(0).asserts.size(), 1u);
  EXPECT_THAT(loaded.problems,
              ElementsAre(HasSubstr("a/03-bad/notes.txt: unrecognized file in a step")));
}

TEST(LoaderTest, WarnsAboutNumberedFilesThatKuttlIgnoresAndAboutLinkedTests) {
  const SuiteFiles files({
      {"suite/a/00--x.yaml", kMap},
      {"suite/a/01-x.yml", kMap},
      {"elsewhere/00-x.yaml", kMap},
  });
  std::filesystem::create_directory_symlink(files.Path("elsewhere"), files.Path("suite/linked"));
  std::filesystem::create_symlink(files.Path("elsewhere/00-x.yaml"),
                                  files.Path("suite/a/02-linked.yaml"));

  const Loaded loaded = Load(files);

  ASSERT_EQ(loaded.tests.size(), 1u);
  ASSERT_EQ(loaded.tests[0].steps.size(), 1u);
  EXPECT_EQ(loaded.tests[0].steps[0].Text(), "2-linked");
  EXPECT_THAT(loaded.problems,
              ElementsAre(HasSubstr("warning: a/00--x.yaml: ignored"),
                          HasSubstr("warning: a/01-x.yml: ignored"),
                          HasSubstr("warning: linked: a link to a directory is not a test")));
}

TEST(LoaderTest, ReadsTheSuitesFileWithKuttlsDefaults) {
  const SuiteFiles files({
      {"full.yaml", R"(apiVersion: kuttl.dev/v1beta1
kind: TestSuite
metadata: {name: mine}
testDirs: [a, b]
timeout: 120
parallel: 3
reportFormat: XML
reportGranularity: test
ignoreFiles: []
startKIND: true
kindContainers: [app:1, db:2]
namspace: x
commands:
- command: make install
  background: true
)"},
      {"empty.yaml", "apiVersion: kuttl.dev/v1beta1\nkind: TestSuite\n"},
      {"none.yaml", "apiVersion: kudo.dev/v1beta1\nkind: TestSuite\n"},
  });

  Problems problems(false);
  const SuiteConfig full = LoadConfig(files.Path("full.yaml"), problems);
  const SuiteConfig empty = LoadConfig(files.Path("empty.yaml"), problems);
  EXPECT_EQ(full.timeout, 120);
  EXPECT_EQ(full.parallel, 3);
  EXPECT_EQ(full.report_format, ReportFormat::kXml);
  EXPECT_EQ(full.granularity, Granularity::kTest);
  EXPECT_TRUE(full.ignore_files.empty());
  EXPECT_TRUE(full.commands.at(0).background);
  EXPECT_EQ(empty.timeout, 30);
  EXPECT_EQ(empty.command_timeout, 0);
  EXPECT_EQ(empty.parallel, 8);
  EXPECT_EQ(empty.ignore_files.size(), 1u);

  Problems none(false);
  (void)LoadConfig(files.Path("none.yaml"), none);
  ASSERT_EQ(none.all().size(), 1u);
  EXPECT_THAT(none.all()[0].Format(), HasSubstr("ignored: a TestSuite has apiVersion kuttl.dev"));
  std::string warnings;
  for (const auto& problem : problems.all()) warnings += problem.Format() + "\n";
  EXPECT_THAT(warnings, HasSubstr("full.yaml:7:1: kuttl writes JSON unless"));
  EXPECT_TRUE(full.cluster.kind);
  EXPECT_FALSE(full.cluster.control_plane);
  EXPECT_THAT(full.cluster.images, ElementsAre("app:1", "db:2"));
  EXPECT_THAT(warnings, HasSubstr("full.yaml:12:1: unknown field \"namspace\" in TestSuite is "
                                  "ignored (did you mean \"namespace\"?)"));
}

}  // namespace
}  // namespace trial
