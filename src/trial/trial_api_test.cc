// The runner against a real kube-apiserver: what steps apply and what asserts wait for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/testing/api_server.h"
#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using testing::Check;
using testing::ConfigMap;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::StepOf;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

class TrialApiTest : public testing::SuiteFixture {
 protected:
  TrialApiTest() : SuiteFixture("run") {}

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

  // Makes ConfigMap `name` of the run's namespace green once a wait has told that it is red.
  void PaintOnceItIsWaitedFor(kube::Client& client, const std::string& name,
                              const base::Until& until) {
    EXPECT_TRUE(progress_.AwaitMismatch("found \"red\"", until)) << "nobody waits";
    const auto painted = client.MergePatch(kConfigMap, {config_.ns, name},
                                           {{"data", {{"color", "green"}}}}, "", until);
    if (!painted.ok()) ADD_FAILURE() << painted.error().message();
  }
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

TEST_F(TrialApiTest, AnAssertTellsWhatItWaitsForAndPassesWithAChangeThatComesLater) {
  config_.ns = run_ + "-late";
  config_.timeout = 100;
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "green")},
  };
  base::Crew crew;
  crew.Start("change", [&](std::stop_token stop) {
    PaintOnceItIsWaitedFor(*client_, "web", Soon().Stopping(stop));
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

  ASSERT_FALSE(events_.progress.empty());
  EXPECT_THAT(events_.progress[0].waiting_for, HasSubstr("ConfigMap"));
  EXPECT_THAT(events_.progress[0].mismatch, HasSubstr(".data.color"));
}

TEST_F(TrialApiTest, WithoutTheRightToWatchItLooksByTheClockAndSaysSo) {
  config_.ns = run_ + "-nowatch";
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "green") + "---\n" + Check("timeout: 100\n")},
  };
  const auto admin = std::move(client_);
  MakeRole(*admin, "getter", {"get", "create", "patch", "delete"});
  client_ = kube::MakeClient(*SharedApiServer().As("getter"), base::Log::Nowhere());
  kube::testing::AwaitRightToRead(*client_, kConfigMap, "default");
  base::Crew crew;
  crew.Start("change", [&](std::stop_token stop) {
    PaintOnceItIsWaitedFor(*admin, "web", Soon().Stopping(stop));
  });

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed) << Messages();

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

TEST_F(TrialApiTest, AKindThatIsInstalledInTheSameStepIsAppliedOnceItIsServed) {
  const std::string group = run_ + ".example.com";
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
