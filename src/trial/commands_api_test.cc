// Commands of suites, steps and asserts, on a real kube-apiserver.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using testing::Check;
using testing::ConfigMap;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::StepOf;
using testing::SuiteFiles;

class CommandsApiTest : public testing::SuiteFixture {
 protected:
  CommandsApiTest() : SuiteFixture("commands") {}

  void Adjust(RunSettings& settings) override {
    settings.environment["FROM_OUTSIDE"] = "yes";
    settings.kubernetes_bin = "/kubernetes/bin";
  }
};

TEST_F(CommandsApiTest, CommandsGetTheirEnvironmentAndFailTheStep) {
  const SuiteFiles files = {
      {"suite/env/00-go.yaml", StepOf(R"yaml(commands:
- script: |
    echo "ns=$NAMESPACE outside=$FROM_OUTSIDE dir=$(basename $PWD) path=$PATH"
    test "$(stat -c %a "$KUBECONFIG")" = 600 && grep -q certificate-authority-data "$KUBECONFIG"
- command: echo "expanded $NAMESPACE"
- command: "false"
  ignoreFailure: true
)yaml")},
      {"suite/fails/00-go.yaml", StepOf(R"yaml(commands:
- script: echo why it failed; exit 3
- script: echo not reached
)yaml")},
      {"suite/fails/00-map.yaml", ConfigMap("still-applied")},
      {"suite/slow/00-go.yaml", StepOf("commands:\n- command: sleep 60\n  timeout: 1\n")},
      {"suite/missing/00-go.yaml", StepOf("commands:\n- command: no-such-program-here\n")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["env"], Verdict::kPassed);
  const std::string ns = NamespaceOf("env");
  EXPECT_THAT(events_.With("ns="), Contains("ns=" + ns + " outside=yes dir=env path=" +
                                            files.Path("bin") + "/:/kubernetes/bin:/usr/bin:/bin"));
  EXPECT_THAT(events_.With("expanded"), Contains("expanded " + ns));
  EXPECT_EQ(events_.verdicts["fails"], Verdict::kFailed);
  EXPECT_THAT(events_.With("skipping 1 additional"), Not(IsEmpty()));
  EXPECT_THAT(events_.With("not reached"), Not(Contains("not reached")));
  EXPECT_THAT(events_.With("still-applied created"), Not(IsEmpty()));
  EXPECT_EQ(events_.verdicts["slow"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["missing"], Verdict::kErrored);
  std::string messages;
  for (const Failure& failure : events_.failures) messages += failure.message + "\n";
  EXPECT_THAT(messages, HasSubstr("failed, exit status 3"));
  EXPECT_THAT(messages, HasSubstr("command \"sleep 60\" took longer than"));
  EXPECT_THAT(messages, HasSubstr("no-such-program-here"));
}

TEST_F(CommandsApiTest, AssertCommandsAreTriedUntilTheySucceed) {
  const SuiteFiles files = {
      {"suite/a/00-map.yaml", ConfigMap("web", "red")},
      {"suite/a/00-assert.yaml",
       ConfigMap("web", "red") + "---\n" +
           Check("timeout: 100\ncommands:\n- script: |\n    echo x >> tries\n    test $(wc -l < "
                 "tries) -ge 3\n")},
      {"suite/b/00-assert.yaml",
       Check("timeout: 4\ncommands:\n- script: echo the reason; exit 1\ncollectors:\n- command: "
             "echo collected $NAMESPACE\n")},
  };

  const RunResult result = RunSuite(files);

  EXPECT_EQ(events_.verdicts["a"], Verdict::kPassed);
  EXPECT_EQ(*sys::ReadFile(files.Path("suite/a/tries")), "x\nx\nx\n");
  EXPECT_EQ(events_.verdicts["b"], Verdict::kFailed);
  EXPECT_EQ(result.totals.failed, 1);
  ASSERT_EQ(events_.failures.size(), 1u);
  EXPECT_THAT(events_.failures[0].details, Contains("the reason"));
  EXPECT_EQ(*sys::ReadFile(files.Path("artifacts/b/0-/collector-1.txt")),
            "collected " + NamespaceOf("b") + "\n");
}

TEST_F(CommandsApiTest, SuiteCommandsRunFirstAndTheirFailureSkipsTheTests) {
  CommandSpec command;
  command.script = "echo preparing in $NAMESPACE; exit 4";
  config_.commands = {command};
  const SuiteFiles files = {{"suite/a/00-map.yaml", ConfigMap("web", "red")}};

  const RunResult result = RunSuite(files);

  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_EQ(result.totals.skipped, 1);
  EXPECT_THAT(events_.With("preparing"), Contains("preparing in default"));
  ASSERT_EQ(events_.end.failures.size(), 1u);
  EXPECT_THAT(events_.end.failures[0].message, HasSubstr("exit status 4"));
}

}  // namespace
}  // namespace trial
