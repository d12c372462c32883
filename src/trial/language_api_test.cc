// The fields of ours that kuttl ignores, against a real kube-apiserver.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using testing::Check;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::StepOf;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

std::string ConfigMap(const std::string& name, const std::string& color) {
  return testing::ConfigMap(name, color, "  labels: {app: web}\n") + "---\n";
}

class LanguageApiTest : public testing::SuiteFixture {
 protected:
  LanguageApiTest() : SuiteFixture("language") {}

  // Calls `change` with the test's namespace once the ConfigMap `name` is there, in a thread.
  void Once(const std::string& name, std::function<void(const std::string& ns)> change) {
    crew_.Start("change", [this, name, change = std::move(change)](const std::stop_token& stop) {
      const auto until = Soon().Stopping(stop);
      kube::Store store(*client_, {kConfigMap, "", {}}, clock_, base::Log::Nowhere());
      std::string ns;
      (void)store.WaitFor(
          [&](const kube::Store::Snapshot& now) {
            for (const auto& [key, object] : now.objects)
              if (key.name == name) ns = key.ns;
            return !ns.empty();
          },
          until);
      change(ns);
    });
  }

  void Paint(const std::string& ns, const std::string& name, const std::string& color) {
    EXPECT_TRUE(
        client_->MergePatch(kConfigMap, {ns, name}, {{"data", {{"color", color}}}}, "", Soon())
            .ok());
  }

  base::Crew crew_;
};

TEST_F(LanguageApiTest, AMatchHoldsOrSaysWhatDiffersAndWhere) {
  const SuiteFiles files = {
      {"suite/good/00-go.yaml", ConfigMap("a", "red") + ConfigMap("b", "blue")},
      {"suite/good/00-assert.yaml", Check(R"(timeout: 60
match:
- apiVersion: v1
  kind: ConfigMap
  name: a
  fields:
    .data.color: {matches: "^r"}
    .data.size: {absent: true}
    .metadata.labels: {count: 1}
- apiVersion: v1
  kind: ConfigMap
  labels: {app: web}
  count: 2
- apiVersion: v1
  kind: ConfigMap
  labels: {app: web}
  fields: {.data.color: {oneOf: [red, blue]}}
  count: all
)")},
      {"suite/bad/00-go.yaml", ConfigMap("a", "red")},
      {"suite/bad/00-assert.yaml", Check(R"(timeout: 1
match:
- apiVersion: v1
  kind: ConfigMap
  name: a
  fields:
    .data.color: {matches: "^b"}
- apiVersion: v1
  kind: ConfigMap
  labels: {app: web}
  count: {atLeast: 2}
)")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["good"], Verdict::kPassed) << Messages();
  EXPECT_EQ(events_.verdicts["bad"], Verdict::kFailed);
  EXPECT_THAT(Messages(), HasSubstr("00-assert.yaml:9: ConfigMap kuttl-"));
  EXPECT_THAT(Messages(), HasSubstr("/a: .data.color: expected a match of ^b, found \"red\""));
  EXPECT_THAT(Messages(),
              HasSubstr("with app=web: number of objects: expected at least 2, found 1"));
}

TEST_F(LanguageApiTest, StaysPassesOnlyAfterItsTimeWithoutABreak) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", ConfigMap("stays", "red")},
      {"suite/a/00-assert.yaml", Check(R"(timeout: 60
match:
- {apiVersion: v1, kind: ConfigMap, name: stays, fields: {.data.color: red}, stays: 5s}
)")},
  };
  base::Guarded<base::Instant> mended;
  Once("stays", [&](const std::string& ns) {
    Paint(ns, "stays", "blue");
    mended.With([&](base::Instant& when) { when = clock_.Now(); });
    Paint(ns, "stays", "red");
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  const base::Instant ended = clock_.Now();
  crew_.StopAndJoin();
  const base::Instant since = mended.Read([](base::Instant when) { return when; });
  EXPECT_GE(ended - since, 5s) << "the break began the time anew";
}

TEST_F(LanguageApiTest, StaysThatNeverLastsFailsAndTellsWhatBrokeIt) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", ConfigMap("breaks", "red")},
      {"suite/a/00-assert.yaml", Check(R"(timeout: 5
match:
- {apiVersion: v1, kind: ConfigMap, name: breaks, fields: {.data.color: red}, stays: 4900ms}
)")},
  };
  Once("breaks", [this](const std::string& ns) {
    EXPECT_TRUE(progress_.AwaitMismatch("has to stay so", Soon())) << "nobody waits";
    // Late enough for the deadline to come before the time that begins anew; later is as good.
    (void)Soon().Pause(200ms);
    Paint(ns, "breaks", "blue");
    Paint(ns, "breaks", "red");
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kFailed);

  EXPECT_THAT(Messages(), HasSubstr("has to stay so for 4.90 s"));
  EXPECT_THAT(Messages(),
              HasSubstr("and was broken: .data.color: expected \"red\", found \"blue\""));
}

TEST_F(LanguageApiTest, NeverSeesAStateThatIsOverBeforeAnybodyLooks) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml",
       ConfigMap("flash", "red") + ConfigMap("flash", "black") + ConfigMap("flash", "red")},
      {"suite/a/00-assert.yaml", Check(R"(timeout: 100
match:
- {apiVersion: v1, kind: ConfigMap, name: flash, fields: {.data.color: black}, never: true, stays: 2s}
)")},
      {"suite/b/00-go.yaml", ConfigMap("calm", "red")},
      {"suite/b/00-assert.yaml", Check(R"(timeout: 100
match:
- {apiVersion: v1, kind: ConfigMap, name: calm, fields: {.data.color: black}, never: true}
)")},
  };
  const auto started = clock_.Now();

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["a"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["b"], Verdict::kPassed);
  EXPECT_THAT(Messages(), HasSubstr("flash was as it never may be"));
  EXPECT_LT(clock_.Now() - started, 60s) << "it is not waited for the timeout";
}

TEST_F(LanguageApiTest, OrderIsThatOfTheChangesAlsoAcrossKinds) {
  const std::string fields = R"(order:
- {apiVersion: v1, kind: ConfigMap, name: first, fields: {.data.color: red}}
- {apiVersion: v1, kind: Secret, name: second}
)";
  const std::string order = Check("timeout: 60\n" + fields);
  const std::string secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: second}\n---\n";
  const SuiteFiles files = {
      {"suite/good/00-go.yaml", ConfigMap("first", "red") + secret + ConfigMap("first", "blue")},
      {"suite/good/00-assert.yaml", order},
      {"suite/wrong/00-go.yaml", ConfigMap("first", "blue") + secret + ConfigMap("first", "red")},
      {"suite/wrong/00-assert.yaml", order},
      {"suite/never/00-go.yaml", ConfigMap("first", "red")},
      {"suite/never/00-assert.yaml", Check("timeout: 3\n" + fields)},
      {"suite/unseen/00-go.yaml", ConfigMap("first", "red") + secret},
      // The watches have seen both before the next step begins.
      {"suite/unseen/00-assert.yaml", Check(R"(match:
- {apiVersion: v1, kind: ConfigMap, name: first, stays: 100ms}
- {apiVersion: v1, kind: Secret, name: second, stays: 100ms}
)")},
      {"suite/unseen/01-assert.yaml", order},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["good"], Verdict::kPassed) << Messages();
  EXPECT_EQ(events_.verdicts["wrong"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["never"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["unseen"], Verdict::kFailed);
  EXPECT_THAT(Messages(), HasSubstr("/second: was so before ConfigMap"));
  EXPECT_THAT(Messages(), HasSubstr("/second: has not been so yet"));
  EXPECT_THAT(Messages(), HasSubstr("their order was not seen"));
}

TEST_F(LanguageApiTest, OutputsOfCommandsAndObjectsGoIntoLaterCommandsAndObjects) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", StepOf(R"(commands:
- {script: "echo noise >&2; echo green", output: COLOR}
- {command: "echo '{\"n\": [1, 2]}'", outputJson: LIST}
- {script: "test \"$COLOR\" = green"}
)") + "---\n" + ConfigMap("a", "red")},
      {"suite/a/00-assert.yaml", Check(R"(outputs:
  LABELS: {apiVersion: v1, kind: ConfigMap, name: a, path: .metadata.labels}
  UID_OF_A: {apiVersion: v1, kind: ConfigMap, name: a, path: .metadata.uid}
)")},
      {"suite/a/01-go.yaml", StepOf("expand: true\n") + "---\n" + R"(apiVersion: v1
kind: ConfigMap
metadata: {name: "b-${COLOR}", labels: "${LABELS}", annotations: {of: "a is ${UID_OF_A}", json: "${LIST}."}}
data: {literal: "$${COLOR}"}
)"},
      {"suite/a/01-assert.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"b-${COLOR}\", "
       "labels: {app: web}, annotations: {json: '{\"n\":[1,2]}.'}}\n"
       "data: {literal: \"$${COLOR}\"}\n---\n" +
           Check(R"(timeout: 60
match:
- {apiVersion: v1, kind: ConfigMap, name: "b-${COLOR}", fields: {.metadata.annotations.of: {matches: "${UID_OF_A}"}}}
)")},
      {"suite/a/02-go.yaml", StepOf("commands:\n- script: test -n \"$UID_OF_A\" -a \"$LABELS\" = "
                                    "'{\"app\":\"web\"}'\n")},
      {"suite/unknown/00-go.yaml",
       StepOf("expand: true\n") + "---\n" + ConfigMap("${NOBODY}", "red")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["a"], Verdict::kPassed) << Messages();
  EXPECT_EQ(events_.verdicts["unknown"], Verdict::kErrored);
  EXPECT_THAT(Messages(), HasSubstr("${NOBODY}: there is no such variable"));
}

TEST_F(LanguageApiTest, ACommandIsTriedAgainAsOftenAsItMay) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml",
       StepOf("commands:\n- script: echo x >> tries; test $(wc -l < tries) -ge 3\n  retry: {times: "
              "5, every: 10ms}\n")},
      {"suite/b/00-go.yaml",
       StepOf("commands:\n- script: echo x >> tries; exit 7\n  retry: {times: 2, every: 10ms}\n")},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["a"], Verdict::kPassed) << Messages();
  EXPECT_EQ(*sys::ReadFile(files.Path("suite/a/tries")), "x\nx\nx\n");
  EXPECT_EQ(*sys::ReadFile(files.Path("suite/b/tries")), "x\nx\nx\n");
  EXPECT_THAT(Messages(), HasSubstr("exit status 7 (3 tries)"));
}

TEST_F(LanguageApiTest, CatchRunsAfterAFailureAndFinallyAlwaysTheLastStepFirst) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", StepOf(R"(commands: [{script: "true"}]
catch: [{script: "echo not this one"}]
finally: [{script: "echo finally-0 >> log; echo $NAMESPACE > ns"}]
test: {catch: [{script: "echo catch-test >> log"}]}
)")},
      {"suite/a/01-go.yaml", StepOf(R"(commands: [{script: "exit 1"}]
catch: [{script: "echo catch-1 >> log; exit 5"}]
finally: [{script: "echo finally-1 >> log"}]
)")},
      {"suite/a/02-go.yaml", StepOf("finally: [{script: \"echo finally-2 >> log\"}]\n")},
      {"suite/b/00-go.yaml", StepOf("finally: [{script: \"echo b; exit 3\"}]\n")},
  };

  RunSuite(files);

  EXPECT_EQ(*sys::ReadFile(files.Path("suite/a/log")),
            "catch-1\ncatch-test\nfinally-1\nfinally-0\n");
  EXPECT_EQ(*sys::ReadFile(files.Path("suite/a/ns")), events_.tests["a"].ns + "\n");
  EXPECT_EQ(events_.verdicts["a"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["b"], Verdict::kFailed) << "what is to happen at the end must happen";
  EXPECT_THAT(events_.With("step ended b"), Contains("step ended b finally failed"));
  EXPECT_THAT(events_.With("catch: command"), Not(IsEmpty()));
}

TEST_F(LanguageApiTest, FinallyRunsWhenTheRunIsInterrupted) {
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", StepOf("finally: [{script: \"echo done > log\"}]\n") + "---\n" +
                                 ConfigMap("interrupted", "red")},
      {"suite/a/00-assert.yaml", ConfigMap("interrupted", "never")},
  };
  std::stop_source stop;
  Once("interrupted", [&](const std::string&) { stop.request_stop(); });

  const RunResult result = RunSuite(files, stop.get_token());

  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(*sys::ReadFile(files.Path("suite/a/log")), "done\n");
}

TEST_F(LanguageApiTest, StepAndTestTimeoutsEndWhatTakesTooLong) {
  config_.timeout = 100;
  const SuiteFiles files = {
      {"suite/step/00-go.yaml", StepOf("stepTimeout: 3s\ncommands: [{command: sleep 0.2}]\n") +
                                    "---\n" + ConfigMap("a", "red")},
      {"suite/step/00-assert.yaml", ConfigMap("a", "blue")},
      {"suite/test/00-go.yaml", StepOf("test: {timeout: 3s}\n") + "---\n" + ConfigMap("a", "red")},
      {"suite/test/01-assert.yaml", ConfigMap("a", "blue")},
  };
  const auto started = clock_.Now();

  RunSuite(files);

  EXPECT_LT(clock_.Now() - started, 60s);
  EXPECT_EQ(events_.verdicts["step"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["test"], Verdict::kFailed);
  EXPECT_THAT(Messages(), HasSubstr("the step's timeout of 3.00 s is over"));
  EXPECT_THAT(Messages(), HasSubstr("the test's timeout of 3.00 s is over"));
}

TEST_F(LanguageApiTest, SerialTestsRunAloneAndFirst) {
  config_.parallel = 4;
  SuiteFiles files = {};
  const std::string alone = R"(
- script: |
    mkdir ../../busy || exit 1
    sleep 0.2
    rmdir ../../busy
)";
  files.Write("suite/c/00-go.yaml", StepOf("test: {serial: true}\ncommands:" + alone));
  files.Write("suite/d/00-go.yaml", StepOf("test: {serial: true}\ncommands:" + alone));
  files.Write("suite/a/00-go.yaml", StepOf("commands: [{script: test ! -e ../../busy}]\n"));
  files.Write("suite/b/00-go.yaml", StepOf("commands: [{script: test ! -e ../../busy}]\n"));

  EXPECT_EQ(RunSuite(files).totals.passed, 4) << Messages();

  const auto begins = events_.With("test started");
  ASSERT_EQ(begins.size(), 4u);
  EXPECT_EQ(begins[0], "test started c");
  EXPECT_EQ(begins[1], "test started d");
}

}  // namespace
}  // namespace trial
