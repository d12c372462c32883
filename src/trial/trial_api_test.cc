// The runner against a real kube-apiserver. There is no controller-manager here: namespaces that
// are deleted stay Terminating, which the clean-up has to notice by itself.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "trial/loader.h"
#include "trial/runner.h"
#include "trial/testing/suite_files.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::EventLog;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

std::string ConfigMap(const std::string& name, const std::string& color = "",
                      const std::string& metadata = "") {
  std::string text =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + metadata;
  if (!color.empty()) text += "data:\n  color: " + color + "\n";
  return text;
}

std::string Check(const std::string& fields) {
  return "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\n" + fields;
}

std::string StepOf(const std::string& fields) {
  return "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\n" + fields;
}

class TrialApiTest : public ::testing::Test {
 protected:
  // Runs the suite in `suite/`.
  RunResult RunSuite(const SuiteFiles& files, std::stop_token stop = {}) {
    Problems problems(false);
    auto tests = LoadTests(files.Path("suite"), {{"README*"}, {}}, problems);
    for (const auto& problem : problems.all()) EXPECT_TRUE(problem.warning) << problem.Format();
    const Plan plan = *MakePlan(std::move(tests), "");
    RunSettings settings;
    settings.run = "run-" + std::to_string(++runs_);
    settings.working_directory = files.Path();
    settings.environment = {{"PATH", "/usr/bin:/bin"}, {"FROM_OUTSIDE", "yes"}};
    settings.kubernetes_bin = "/kubernetes/bin";
    settings.scope = scope_;
    settings.seed =
        7 + runs_ * 1000 + static_cast<uint64_t>(clock_.WallNow().time_since_epoch().count());
    settings.cleanup_limit = cleanup_limit_;
    settings.artifacts = files.Path("artifacts");
    events_ = {};
    const auto result = trial::Run(plan, config_, settings, *client_, {&events_},
                                   base::Log::Nowhere(), base::Until::After(clock_, 120s, stop));
    EXPECT_TRUE(result.ok());
    return result.ok() ? *result : RunResult{};
  }

  static std::string UniqueName(const std::string& start) {
    return start + "-" + std::to_string(++names_);
  }

  // Everything that a suite of ConfigMaps needs, in `verbs`.
  void MakeRole(kube::Client& admin, const std::string& user, const value::Json& verbs) {
    const value::Json meta = {{"name", user}};
    const value::Json rules = {{{"apiGroups", {""}},
                                {"resources", {"configmaps", "namespaces", "serviceaccounts"}},
                                {"verbs", verbs}}};
    ASSERT_TRUE(admin
                    .Create(kube::Object({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                          {"kind", "ClusterRole"},
                                          {"metadata", meta},
                                          {"rules", rules}}),
                            Soon())
                    .ok());
    ASSERT_TRUE(admin
                    .Create(kube::Object({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                          {"kind", "ClusterRoleBinding"},
                                          {"metadata", meta},
                                          {"roleRef",
                                           {{"apiGroup", "rbac.authorization.k8s.io"},
                                            {"kind", "ClusterRole"},
                                            {"name", user}}},
                                          {"subjects",
                                           {{{"apiGroup", "rbac.authorization.k8s.io"},
                                             {"kind", "User"},
                                             {"name", user}}}}}),
                            Soon())
                    .ok());
  }

  base::Until Soon() { return base::Until::After(clock_, 30s); }
  std::string NamespaceOf(const std::string& test) { return events_.tests[test].ns; }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  SuiteConfig config_;
  WatchScope scope_ = WatchScope::kCluster;
  base::Duration cleanup_limit_ = 10s;
  EventLog events_;
  static inline int runs_ = 0;
  static inline int names_ = 0;
};

TEST_F(TrialApiTest, ASuiteOfConfigMapsPassesAndTellsItsStoryInPairs) {
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "red")},
      {"suite/web/01-change.yaml", ConfigMap("web", "blue")},
      {"suite/web/01-assert.yaml", ConfigMap("web", "blue")},
      {"suite/web/01-errors.yaml", ConfigMap("web", "red")},
  };

  const RunResult result = RunSuite(files);

  EXPECT_EQ(result.verdict, Verdict::kPassed);
  EXPECT_THAT(events_.lines,
              ElementsAre("run started 1 tests", "suite started 1 tests", "test started web",
                          "step started web setup", "step ended web setup passed",
                          "step started web 0-install", "step ended web 0-install passed",
                          "step started web 1-change", "step ended web 1-change passed",
                          "test ended web passed", "suite ended 1 tests",
                          "cleanup ended web skipped", "run ended passed"));
  EXPECT_THAT(events_.With("created"),
              Contains("ConfigMap:" + NamespaceOf("web") + "/web created"));
  EXPECT_THAT(events_.With("updated"),
              Contains("ConfigMap:" + NamespaceOf("web") + "/web updated"));
  EXPECT_THAT(events_.With("no controller-manager"), Not(IsEmpty()));
  const auto ns = client_->Get({"", "v1", "Namespace"}, {"", NamespaceOf("web")}, Soon());
  EXPECT_TRUE(ns->deleting());
}

TEST_F(TrialApiTest, AnUpdateIsAMergePatchWhereNullRemoves) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web") + "data: {a: '1', b: '2'}\n"},
      {"suite/web/01-change.yaml", ConfigMap("web") + "data: {b: null, c: '3'}\n"},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  const auto stored = client_->Get(kConfigMap, {NamespaceOf("web"), "web"}, Soon());
  EXPECT_EQ(stored->json().at("data"), value::Json({{"a", "1"}, {"c", "3"}}));
}

TEST_F(TrialApiTest, AFailedAssertSaysWhereWhatAndTheNearestMissAndLeavesEvidence) {
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "blue") + "---\n" + Check("timeout: 1\n")},
      {"suite/web/01-never.yaml", ConfigMap("late")},
  };

  const RunResult result = RunSuite(files);

  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_EQ(result.totals.failed, 1);
  ASSERT_EQ(events_.failures.size(), 1u);
  const Failure& failure = events_.failures[0];
  EXPECT_EQ(failure.Place(), files.Path("suite/web/00-assert.yaml") + ":6");
  EXPECT_THAT(failure.message, HasSubstr("/web: "));
  EXPECT_THAT(failure.message, HasSubstr(".data.color: expected \"blue\", found \"red\""));
  EXPECT_THAT(failure.diff, HasSubstr("-  color: blue"));
  EXPECT_THAT(events_.With("step ended"), Contains("step ended web 1-never skipped"));
  EXPECT_THAT(events_.collected, Contains(HasSubstr("web/0-install/failure.txt")));
  EXPECT_THAT(events_.collected, Contains(HasSubstr("web/0-install/objects/ConfigMap-web.yaml")));
  ASSERT_FALSE(events_.progress.empty());
  EXPECT_THAT(events_.progress[0].waiting_for, HasSubstr("ConfigMap"));
  EXPECT_THAT(events_.progress[0].mismatch, HasSubstr(".data.color"));
}

TEST_F(TrialApiTest, AnObjectThatIsMissingNamesTheOthers) {
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("other")},
      {"suite/web/00-assert.yaml", ConfigMap("web") + "---\n" + Check("timeout: 1\n")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kFailed);

  ASSERT_EQ(events_.failures.size(), 1u);
  EXPECT_THAT(events_.failures[0].message, HasSubstr("/web not found"));
  EXPECT_THAT(events_.failures[0].details, Contains("there are: other"));
}

TEST_F(TrialApiTest, AnAssertWaitsForAChangeThatComesLater) {
  config_.ns = UniqueName("late");
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "green")},
  };
  base::Crew crew;
  crew.Start("change", [&](std::stop_token stop) {
    const auto until = base::Until::After(clock_, 20s, stop);
    kube::Store store(*client_, {kConfigMap, config_.ns, {}}, clock_, base::Log::Nowhere());
    const kube::Key key{config_.ns, "web"};
    (void)store.WaitFor(
        [&](const kube::Store::Snapshot& now) { return now.objects.count(key) != 0; }, until);
    (void)client_->MergePatch(kConfigMap, key, {{"data", {{"color", "green"}}}}, "", until);
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);
}

TEST_F(TrialApiTest, WithoutTheRightToWatchItLooksByTheClockAndSaysSo) {
  config_.ns = UniqueName("nowatch");
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "green") + "---\n" + Check("timeout: 20\n")},
  };
  const auto admin = std::move(client_);
  MakeRole(*admin, "getter", {"get", "create", "patch", "delete"});
  client_ = kube::MakeClient(*SharedApiServer().As("getter"), base::Log::Nowhere());
  base::Crew crew;
  crew.Start("change", [&](std::stop_token stop) {
    const auto until = base::Until::After(clock_, 20s, stop);
    const kube::Key key{config_.ns, "web"};
    while (!admin->Get(kConfigMap, key, until).ok() && until.Pause(10ms)) {
    }
    // The first look has to fail for the test to mean anything; later is late enough.
    (void)until.Pause(300ms);
    (void)admin->MergePatch(kConfigMap, key, {{"data", {{"color", "green"}}}}, "", until);
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  EXPECT_THAT(events_.With("looking again by the clock"), Not(IsEmpty()));
  crew.StopAndJoin();
  client_ = nullptr;
}

TEST_F(TrialApiTest, AnErrorsFileWaitsUntilTheObjectIsGone) {
  const SuiteFiles files = {
      {"suite/gone/00-install.yaml", ConfigMap("web", "red")},
      {"suite/gone/01-delete.yaml",
       StepOf("delete:\n- {apiVersion: v1, kind: ConfigMap, name: web}\n- {apiVersion: v1, kind: "
              "ConfigMap, name: never-was}\n")},
      {"suite/gone/01-errors.yaml", ConfigMap("web")},
      {"suite/stays/00-install.yaml", ConfigMap("web", "red")},
      {"suite/stays/00-errors.yaml", ConfigMap("web")},
      {"suite/stays/00-assert.yaml", Check("timeout: 1\n")},
      {"suite/unknown/00-errors.yaml",
       "apiVersion: nowhere.io/v1\nkind: Nothing\nmetadata: {name: x}\n"},
  };

  const RunResult result = RunSuite(files);

  EXPECT_EQ(events_.verdicts["gone"], Verdict::kPassed);
  EXPECT_EQ(events_.verdicts["stays"], Verdict::kFailed);
  EXPECT_EQ(events_.verdicts["unknown"], Verdict::kPassed);
  EXPECT_EQ(result.totals.passed, 2);
  ASSERT_EQ(events_.failures.size(), 1u);
  EXPECT_THAT(events_.failures[0].message, HasSubstr("an errors file says that it must not be"));
  EXPECT_THAT(events_.With("already gone"), Not(IsEmpty()));
}

TEST_F(TrialApiTest, ADeletionThatAFinalizerHoldsFailsTheStepAndTheCleanUpAndNamesIt) {
  cleanup_limit_ = 1s;
  const SuiteFiles files = {
      {"suite/held/00-install.yaml", ConfigMap("web", "", "  finalizers: [example.com/hold]\n")},
      {"suite/held/01-delete.yaml",
       StepOf("delete:\n- {apiVersion: v1, kind: ConfigMap, name: web}\n")},
      {"suite/held/01-assert.yaml", Check("timeout: 1\n")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kFailed);

  ASSERT_EQ(events_.failures.size(), 1u);
  EXPECT_THAT(events_.failures[0].message, HasSubstr("/web is still there"));
  EXPECT_THAT(events_.failures[0].cause, Contains(HasSubstr("example.com/hold")));
  ASSERT_FALSE(events_.cleanups.at(0).failures.empty());
  EXPECT_THAT(events_.cleanups[0].failures[0].cause, Contains(HasSubstr("example.com/hold")));
}

TEST_F(TrialApiTest, CommandsGetTheirEnvironmentAndFailTheStep) {
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

TEST_F(TrialApiTest, AssertCommandsAreTriedUntilTheySucceed) {
  const SuiteFiles files = {
      {"suite/a/00-map.yaml", ConfigMap("web", "red")},
      {"suite/a/00-assert.yaml",
       ConfigMap("web", "red") + "---\n" +
           Check("timeout: 20\ncommands:\n- script: |\n    echo x >> tries\n    test $(wc -l < "
                 "tries) -ge 3\n")},
      {"suite/b/00-assert.yaml",
       Check("timeout: 1\ncommands:\n- script: echo the reason; exit 1\ncollectors:\n- command: "
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

TEST_F(TrialApiTest, TestsRunAtTheSameTimeEachInItsOwnNamespace) {
  config_.parallel = 4;
  SuiteFiles files = {};
  // Each waits until all four are there: it passes only if they overlap.
  const std::string meet = StepOf(R"yaml(commands:
- script: |
    touch ../../arrived-$NAMESPACE
    for i in $(seq 200); do test $(ls ../.. | grep -c arrived-) = 4 && exit 0; sleep 0.05; done
    exit 1
)yaml");
  for (const char* name : {"a", "b", "c", "d"}) {
    files.Write(std::string("suite/") + name + "/00-meet.yaml", meet);
    files.Write(std::string("suite/") + name + "/01-map.yaml", ConfigMap("web"));
  }

  const RunResult result = RunSuite(files);

  EXPECT_EQ(result.totals.passed, 4);
  std::set<std::string> namespaces;
  for (const auto& [name, test] : events_.tests) namespaces.insert(test.ns);
  EXPECT_EQ(namespaces.size(), 4u);
}

TEST_F(TrialApiTest, AnInterruptEndsRunningStepsSkipsTheRestAndRemovesEverything) {
  config_.parallel = 1;
  const SuiteFiles files = {
      {"suite/a/00-map.yaml", ConfigMap("web", "red")},
      {"suite/a/00-assert.yaml", ConfigMap("web", "never")},
      {"suite/b/00-map.yaml", ConfigMap("web", "red")},
  };
  std::stop_source stop;
  const std::string run = "run-" + std::to_string(runs_ + 1);
  base::Crew crew;
  crew.Start("interrupt", [&](std::stop_token) {
    const auto until = Soon();
    kube::Store store(*client_, {{"", "v1", "Namespace"}, "", {{"seatrial.dev/run", run}}}, clock_,
                      base::Log::Nowhere());
    (void)store.WaitFor([](const auto& now) { return !now.objects.empty(); }, until);
    stop.request_stop();
  });

  const RunResult result = RunSuite(files, stop.get_token());

  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.verdict, Verdict::kErrored);
  EXPECT_EQ(events_.verdicts["a"], Verdict::kErrored);
  EXPECT_EQ(events_.verdicts["b"], Verdict::kSkipped);
  EXPECT_EQ(events_.cleanups.size(), 2u);
  const auto ns = client_->Get({"", "v1", "Namespace"}, {"", NamespaceOf("a")}, Soon());
  EXPECT_TRUE(ns->deleting());
}

TEST_F(TrialApiTest, SkipDeleteLeavesEverything) {
  config_.skip_delete = true;
  const SuiteFiles files = {{"suite/a/00-map.yaml", ConfigMap("web", "red")}};

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  EXPECT_FALSE(client_->Get({"", "v1", "Namespace"}, {"", NamespaceOf("a")}, Soon())->deleting());
  EXPECT_TRUE(client_->Get(kConfigMap, {NamespaceOf("a"), "web"}, Soon()).ok());
}

TEST_F(TrialApiTest, ANamespaceThatWasThereIsUsedAndOnlyItsNewObjectsAreRemoved) {
  config_.ns = "default";
  const std::string name = UniqueName("mine");
  const SuiteFiles files = {{"suite/a/00-map.yaml", ConfigMap(name, "red")},
                            {"suite/a/00-assert.yaml", ConfigMap(name, "red")}};

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  EXPECT_FALSE(client_->Get({"", "v1", "Namespace"}, {"", "default"}, Soon())->deleting());
  EXPECT_TRUE(client_->Get(kConfigMap, {"default", name}, Soon()).Is(base::Code::kNotFound));
  EXPECT_EQ(events_.cleanups.at(0).verdict, Verdict::kPassed);
}

TEST_F(TrialApiTest, AKindThatIsInstalledInTheSameStepIsAppliedOnceItIsServed) {
  const std::string group = UniqueName("g") + ".example.com";
  const SuiteFiles files = {
      {"suite/crd/00-install.yaml", R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.)" + group + R"(}
spec:
  group: )" + group + R"(
  names: {plural: boats, singular: boat, kind: Boat, listKind: BoatList}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
---
apiVersion: )" + group + R"(/v1
kind: Boat
metadata: {name: b}
spec: {sails: 2}
)"},
      {"suite/crd/00-assert.yaml",
       "apiVersion: " + group + "/v1\nkind: Boat\nmetadata: {name: b}\nspec: {sails: 2}\n"},
      {"suite/typo/00-install.yaml", "apiVersion: apps/v1\nkind: Deploymnt\nmetadata: {name: x}\n"},
  };

  RunSuite(files);

  EXPECT_EQ(events_.verdicts["crd"], Verdict::kPassed);
  EXPECT_EQ(events_.verdicts["typo"], Verdict::kFailed);
  EXPECT_TRUE(client_
                  ->Get({"apiextensions.k8s.io", "v1", "CustomResourceDefinition"},
                        {"", "boats." + group}, Soon())
                  .Is(base::Code::kNotFound))
      << "a cluster-scoped object that the test made must be gone";
}

TEST_F(TrialApiTest, SuiteCommandsRunFirstAndTheirFailureSkipsTheTests) {
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

TEST_F(TrialApiTest, GenerateNameIsPosted) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"suite/a/00-map.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: web-\n  labels: {a: b}\n"},
      {"suite/a/00-assert.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: {a: b}\n"},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);
}

}  // namespace
}  // namespace trial
