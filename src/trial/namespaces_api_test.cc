// The namespaces of tests on a real kube-apiserver: one each, and what becomes of them. There is no
// controller-manager here: namespaces that are deleted stay Terminating, which the clean-up has to
// notice by itself.

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/store.h"
#include "trial/testing/suite_fixture.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using testing::Check;
using testing::ConfigMap;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::StepOf;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

class NamespacesApiTest : public testing::SuiteFixture {
 protected:
  NamespacesApiTest() : SuiteFixture("namespaces") {}

  void Adjust(RunSettings& settings) override { settings.cleanup_limit = cleanup_limit_; }

  base::Duration cleanup_limit_ = 10s;
};

TEST_F(NamespacesApiTest, ADeletionThatAFinalizerHoldsFailsTheStepAndTheCleanUpAndNamesIt) {
  cleanup_limit_ = 4s;
  const SuiteFiles files = {
      {"suite/held/00-install.yaml", ConfigMap("web", "", "  finalizers: [example.com/hold]\n")},
      {"suite/held/01-delete.yaml",
       StepOf("delete:\n- {apiVersion: v1, kind: ConfigMap, name: web}\n")},
      {"suite/held/01-assert.yaml", Check("timeout: 4\n")},
  };

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kFailed);

  ASSERT_EQ(events_.failures.size(), 1u);
  EXPECT_THAT(events_.failures[0].message, HasSubstr("/web is still there"));
  EXPECT_THAT(events_.failures[0].cause, Contains(HasSubstr("example.com/hold")));
  ASSERT_FALSE(events_.cleanups.at(0).failures.empty());
  EXPECT_THAT(events_.cleanups[0].failures[0].cause, Contains(HasSubstr("example.com/hold")));
}

TEST_F(NamespacesApiTest, TestsRunAtTheSameTimeEachInItsOwnNamespace) {
  config_.parallel = 4;
  config_.timeout = 100;
  SuiteFiles files = {};
  // Each waits until all four are there: it passes only if they overlap.
  const std::string meet = StepOf(R"yaml(commands:
- script: |
    touch ../../arrived-$NAMESPACE
    for i in $(seq 1200); do test $(ls ../.. | grep -c arrived-) = 4 && exit 0; sleep 0.05; done
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

TEST_F(NamespacesApiTest, AnInterruptEndsRunningStepsSkipsTheRestAndRemovesEverything) {
  config_.parallel = 1;
  const SuiteFiles files = {
      {"suite/a/00-map.yaml", ConfigMap("web", "red")},
      {"suite/a/00-assert.yaml", ConfigMap("web", "never")},
      {"suite/b/00-map.yaml", ConfigMap("web", "red")},
  };
  std::stop_source stop;
  base::Crew crew;
  crew.Start("interrupt", [&](std::stop_token) {
    const auto until = Soon();
    kube::Store store(*client_, {{"", "v1", "Namespace"}, "", {{"seatrial.dev/run", run_}}}, clock_,
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

TEST_F(NamespacesApiTest, SkipDeleteLeavesEverything) {
  config_.skip_delete = true;
  const SuiteFiles files = {{"suite/a/00-map.yaml", ConfigMap("web", "red")}};

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  EXPECT_FALSE(client_->Get({"", "v1", "Namespace"}, {"", NamespaceOf("a")}, Soon())->deleting());
  EXPECT_TRUE(client_->Get(kConfigMap, {NamespaceOf("a"), "web"}, Soon()).ok());
}

TEST_F(NamespacesApiTest, ANamespaceThatWasThereIsUsedAndOnlyItsNewObjectsAreRemoved) {
  config_.ns = "default";
  const std::string name = run_ + "-mine";
  const SuiteFiles files = {{"suite/a/00-map.yaml", ConfigMap(name, "red")},
                            {"suite/a/00-assert.yaml", ConfigMap(name, "red")}};

  EXPECT_EQ(RunSuite(files).verdict, Verdict::kPassed);

  EXPECT_FALSE(client_->Get({"", "v1", "Namespace"}, {"", "default"}, Soon())->deleting());
  EXPECT_TRUE(client_->Get(kConfigMap, {"default", name}, Soon()).Is(base::Code::kNotFound));
  EXPECT_EQ(events_.cleanups.at(0).verdict, Verdict::kPassed);
}

}  // namespace
}  // namespace trial
