#include "trial/read_own.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/loader.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using testing::Check;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::StepOf;
using testing::SuiteFiles;

struct Loaded {
  std::vector<Test> tests;
  std::vector<std::string> problems;
};

Loaded Load(const SuiteFiles& files) {
  Problems problems(false);
  Loaded loaded;
  loaded.tests = LoadTests(files.Path("suite"), {{}, {}}, problems);
  for (const auto& problem : problems.all())
    loaded.problems.push_back((problem.warning ? "warning: " : "error: ") + problem.message);
  return loaded;
}

TEST(ReadOwnTest, ReadsTheFieldsOfAStepAndOfItsTest) {
  const SuiteFiles files({{"suite/a/00-go.yaml", StepOf(R"(stepTimeout: 1m30s
expand: true
commands:
- command: date
  output: NOW
  retry: {times: 3, every: 200ms}
- command: echo {}
  outputJson: THINGS
  retry: {times: 1}
catch: [{command: kubectl get pods, namespaced: true}]
finally: [{script: rm -f x}]
test:
  serial: true
  timeout: 300
  catch: [{command: kubectl get events}]
)")}});

  const Loaded loaded = Load(files);

  EXPECT_THAT(loaded.problems, IsEmpty());
  const Step& step = loaded.tests.at(0).steps.at(0);
  EXPECT_EQ(step.limit, 90s);
  EXPECT_TRUE(step.expand);
  ASSERT_EQ(step.commands.size(), 2u);
  EXPECT_EQ(step.commands[0].output, "NOW");
  EXPECT_EQ(step.commands[0].retries, 3);
  EXPECT_EQ(step.commands[0].retry_pause, 200ms);
  EXPECT_TRUE(step.commands[1].output_json);
  EXPECT_EQ(step.commands[1].retry_pause, 1s);
  EXPECT_TRUE(step.on_failure.at(0).namespaced);
  EXPECT_EQ(step.at_end.at(0).script, "rm -f x");
  const TestRules& rules = loaded.tests[0].rules;
  EXPECT_TRUE(rules.serial);
  EXPECT_EQ(rules.limit, 300s);
  EXPECT_EQ(rules.on_failure.size(), 1u);
}

TEST(ReadOwnTest, ReadsTheFieldsOfACheck) {
  const SuiteFiles files({{"suite/a/00-assert.yaml", Check(R"(timeout: 20
match:
- apiVersion: v1
  kind: Pod
  labels: {app: web}
  count: 3
  stays: 5s
order:
- {apiVersion: v1, kind: Pod, name: a}
- {apiVersion: v1, kind: Pod, name: b}
outputs:
  ADDRESS: {apiVersion: v1, kind: Service, name: web, path: ".spec.clusterIP"}
)")}});

  const Loaded loaded = Load(files);

  EXPECT_THAT(loaded.problems, IsEmpty());
  const CheckSpec& check = *loaded.tests.at(0).steps.at(0).check;
  EXPECT_EQ(check.match.at(0)->stays, 5s);
  EXPECT_EQ(check.order.at(1)->name, "b");
  EXPECT_EQ(check.outputs.at(0).variable, "ADDRESS");
  EXPECT_EQ(check.outputs.at(0).path, ".spec.clusterIP");
}

TEST(ReadOwnTest, ATimeoutOfAStepStaysTheMistakeThatItIsToKuttl) {
  const SuiteFiles files({{"suite/a/00-go.yaml", StepOf("timeout: 600\n")}});
  const Loaded loaded = Load(files);
  EXPECT_EQ(loaded.tests.at(0).steps.at(0).limit, 0s);
  EXPECT_THAT(loaded.problems, ElementsAre(HasSubstr("or stepTimeout")));
}

TEST(ReadOwnTest, MistakesAreErrorsAtLoad) {
  const SuiteFiles files({
      {"suite/a/00-go.yaml", StepOf(R"(stepTimeout: soon
commands:
- {command: a, output: 1X}
- {command: a, output: PATH}
- {command: a, output: A, outputJson: B}
- {command: a, output: A, background: true}
- {command: a, retry: {every: 1s}}
test: {serial: true}
)")},
      {"suite/a/00-assert.yaml", Check(R"(timeout: 5
match: [{apiVersion: v1, kind: Pod, stays: 5s}]
order: [{apiVersion: v1, kind: Pod}]
outputs: {X: {apiVersion: v1, kind: Pod}}
commands: [{command: a, retry: {times: 2}}]
)")},
      {"suite/a/00-more.yaml", Check("timeout: 5\n")},
      {"suite/a/01-go.yaml", StepOf("test: {serial: true}\n")},
  });

  const Loaded loaded = Load(files);

  EXPECT_THAT(loaded.problems, Contains(HasSubstr("a time above zero, in seconds or as")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("\"1X\" cannot be a variable")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("PATH has a meaning already")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("either output or outputJson")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("a background command has no output")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("retry needs times")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("that can never be seen")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("an order needs two conditions")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("an output needs apiVersion")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("an assert command is tried again anyway")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("would be lost")));
  EXPECT_THAT(loaded.problems, Contains(HasSubstr("one block of test settings")));
}

}  // namespace
}  // namespace trial
