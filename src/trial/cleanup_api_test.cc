// What a run leaves, or does not: marks, Leases, gc, --keep failed, the leak check; against a real
// kube-apiserver. There is no controller-manager: deleted namespaces stay Terminating.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/identity.h"
#include "trial/gc.h"
#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};
const kube::Kind kNamespace{"", "v1", "Namespace"};
const kube::Kind kClusterRole{"rbac.authorization.k8s.io", "v1", "ClusterRole"};
const kube::Kind kLease{"coordination.k8s.io", "v1", "Lease"};

std::string ConfigMap(const std::string& name, const std::string& metadata = "") {
  return testing::ConfigMap(name, "", metadata) + "---\n";
}

std::string ClusterRole(const std::string& name) {
  return "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: " + name +
         "}\n---\n";
}

class CleanupApiTest : public testing::SuiteFixture {
 protected:
  CleanupApiTest() : SuiteFixture("cleanup") {}

  void Adjust(RunSettings& settings) override { settings.cleanup_limit = 5s; }

  RunResult RunSuite(const SuiteFiles& files, std::function<void()> meanwhile = {}) {
    base::Crew crew;
    if (meanwhile) crew.Start("meanwhile", [&](const std::stop_token&) { meanwhile(); });
    return SuiteFixture::RunSuite(files);
  }

  std::optional<FoundRun> Find(const std::string& run) {
    const auto found = FindRuns(*client_, Soon());
    if (!found.ok()) ADD_FAILURE() << found.error().message();
    if (!found.ok()) return std::nullopt;
    for (const FoundRun& one : *found)
      if (one.id == run) return one;
    return std::nullopt;
  }
  std::optional<RunState> StateOf(const std::string& run) {
    const auto found = Find(run);
    return found ? std::optional(found->state) : std::nullopt;
  }

  // A Lease as a process leaves it that was killed a moment ago.
  void MakeLease(const std::string& run, const std::string& holder, const std::string& renewed) {
    EXPECT_TRUE(client_
                    ->Create(kube::Object({{"apiVersion", "coordination.k8s.io/v1"},
                                           {"kind", "Lease"},
                                           {"metadata",
                                            {{"name", LeaseName(run)},
                                             {"namespace", "default"},
                                             {"labels", {{"seatrial.dev/run", run}}}}},
                                           {"spec",
                                            {{"holderIdentity", holder},
                                             {"leaseDurationSeconds", 300},
                                             {"renewTime", renewed}}}}),
                             Soon())
                    .ok());
  }
};

TEST_F(CleanupApiTest, EverythingThatIsCreatedCarriesTheRunsId) {
  config_.skip_delete = true;
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", ConfigMap("inside") +
                                 ConfigMap("marked-outside", "  namespace: default\n") +
                                 ClusterRole("marked-role")},
      {"suite/a/00-assert.yaml", ConfigMap("inside")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  const auto inside = client_->Get(kConfigMap, {NamespaceOf("a"), "inside"}, Soon());
  EXPECT_EQ(inside->Annotation("seatrial.dev/run"), run_);
  EXPECT_EQ(inside->Label("seatrial.dev/run"), "") << "labels may be selected by";
  EXPECT_EQ(
      client_->Get(kConfigMap, {"default", "marked-outside"}, Soon())->Label("seatrial.dev/run"),
      run_);
  EXPECT_EQ(client_->Get(kClusterRole, {"", "marked-role"}, Soon())->Label("seatrial.dev/run"),
            run_);
  const auto found = Find(run_);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, RunState::kKept);

  const auto removed = RemoveRuns(*client_, {*found}, base::Log::Nowhere(), Soon());

  ASSERT_TRUE(removed.ok()) << removed.error().message();
  EXPECT_EQ(removed->objects, 2);
  EXPECT_EQ(removed->namespaces, 1);
  EXPECT_THAT(removed->staying, IsEmpty());
  EXPECT_TRUE(client_->Get(kClusterRole, {"", "marked-role"}, Soon()).Is(base::Code::kNotFound));
  EXPECT_TRUE(client_->Get(kLease, {"default", LeaseName(run_)}, Soon()).Is(base::Code::kNotFound));
}

TEST_F(CleanupApiTest, ARunIsAliveWhileItRunsAndLeavesNoLease) {
  std::optional<FoundRun> while_running;
  const SuiteFiles files = {
      {"suite/a/00-go.yaml", ConfigMap("a")},
      {"suite/a/00-assert.yaml", ConfigMap("later")},
  };
  const auto meanwhile = [&] {
    kube::Store store(*client_, {kConfigMap, "", {}}, clock_, base::Log::Nowhere());
    std::string ns;
    (void)store.WaitFor(
        [&](const kube::Store::Snapshot& now) {
          for (const auto& [key, object] : now.objects)
            if (key.name == "a" && object->Annotation("seatrial.dev/run") == run_) ns = key.ns;
          return !ns.empty();
        },
        Soon());
    while_running = Find(run_);
    (void)client_->Create(kube::Object({{"apiVersion", "v1"},
                                        {"kind", "ConfigMap"},
                                        {"metadata", {{"name", "later"}, {"namespace", ns}}}}),
                          Soon());
  };

  EXPECT_EQ(RunSuite(files, meanwhile).verdict, Verdict::kPassed);

  ASSERT_TRUE(while_running);
  EXPECT_EQ(while_running->state, RunState::kAlive);
  EXPECT_EQ(while_running->namespaces.size(), 1u);
  EXPECT_TRUE(client_->Get(kLease, {"default", LeaseName(run_)}, Soon()).Is(base::Code::kNotFound));
}

TEST_F(CleanupApiTest, ADeadProcessIsKnownByItsLease) {
  const std::string self = *sys::ProcessIdentity();
  const std::string now = base::FormatTime(clock_.WallNow());
  const std::string micro = now.substr(0, now.size() - 1) + ".000000Z";
  MakeLease("dead-here", self + "1", micro);
  MakeLease("dead-elsewhere", "elsewhere", "2026-01-01T00:00:00.000000Z");
  MakeLease("alive-elsewhere", "elsewhere", micro);

  EXPECT_EQ(StateOf("dead-here"), RunState::kDead);
  EXPECT_EQ(StateOf("dead-elsewhere"), RunState::kDead);
  EXPECT_EQ(StateOf("alive-elsewhere"), RunState::kAlive);
  EXPECT_FALSE(Find("never-was").has_value());
}

TEST_F(CleanupApiTest, KeepFailedKeepsTheNamespacesOfFailedTestsOnly) {
  config_.keep_failed = true;
  const SuiteFiles files = {
      {"suite/good/00-go.yaml", ConfigMap("a")},
      {"suite/bad/00-go.yaml", ConfigMap("a")},
      {"suite/bad/00-assert.yaml",
       ConfigMap("b") + "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: 1\n"},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kFailed);

  EXPECT_TRUE(client_->Get(kNamespace, {"", NamespaceOf("good")}, Soon())->deleting());
  EXPECT_FALSE(client_->Get(kNamespace, {"", NamespaceOf("bad")}, Soon())->deleting());
  EXPECT_TRUE(client_->Get(kConfigMap, {NamespaceOf("bad"), "a"}, Soon()).ok());
  EXPECT_THAT(events_.With("is kept: namespace " + NamespaceOf("bad")), Not(IsEmpty()));
  EXPECT_EQ(StateOf(run_), RunState::kKept);
}

TEST_F(CleanupApiTest, TheLeakCheckNamesWhatATestLeftOutsideOfItsNamespace) {
  config_.leak_check = true;
  const SuiteFiles files = {
      {"suite/tidy/00-go.yaml", ConfigMap("a") + ClusterRole("tidy")},
      {"suite/tidy/01-go.yaml",
       "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ncommands:\n"
       "- script: while ! test -e ../../leaked; do sleep 0.05; done\n"},
  };
  const auto meanwhile = [&] {
    kube::Store store(*client_, {kClusterRole, "", {}}, clock_, base::Log::Nowhere());
    (void)store.WaitFor(
        [&](const kube::Store::Snapshot& now) {
          return now.objects.count({"", "tidy"}) != 0;
        },
        Soon());
    EXPECT_TRUE(
        client_
            ->Create(kube::Object({{"apiVersion", "v1"},
                                   {"kind", "ConfigMap"},
                                   {"metadata", {{"name", "leaked"}, {"namespace", "default"}}}}),
                     Soon())
            .ok());
    EXPECT_TRUE(sys::WriteFileAtomically(files.Path("leaked"), "").ok());
  };

  const RunResult result = RunSuite(files, meanwhile);

  EXPECT_EQ(result.verdict, Verdict::kFailed);
  EXPECT_EQ(result.totals.passed, 1);
  ASSERT_EQ(events_.end.failures.size(), 1u);
  EXPECT_THAT(events_.end.failures[0].message,
              HasSubstr("ConfigMap default/leaked was left behind: made at 20"));
  EXPECT_THAT(events_.end.failures[0].message, HasSubstr("while tidy ran"));
}

}  // namespace
}  // namespace trial
