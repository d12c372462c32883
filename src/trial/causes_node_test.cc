// Every cause that a wait can have, on a real whole cluster: one cluster for all of
// test/suites/causes.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "trial/testing/program.h"
#include "value/json.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RunWithin;
using testing::SeatrialCommand;

class CausesNodeTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }

  // The causes that the JSON report has for the first failure of `test`, and how long it took.
  struct Told {
    std::vector<std::string> causes;
    double seconds = 0;
  };
  Told ToldOf(const value::Json& report, const std::string& test) {
    for (const auto& suite : report.at("testsuite").at(0).at("testsuite")) {
      if (suite.at("name") != test) continue;
      for (const auto& one : suite.at("testcase")) {
        if (one.at("verdict") != "failed" || one.at("name") == "clean-up") continue;
        const auto& problem = one.at("problems").at(0);
        return {problem.value("cause", std::vector<std::string>{}),
                std::stod(one.at("time").get<std::string>())};
      }
    }
    ADD_FAILURE() << "no failed case of " << test;
    return {};
  }

  sys::TempDir folder_ = *sys::TempDir::Make("causes-node");
};

TEST_F(CausesNodeTest, EveryCauseIsFoundNamedAndEndsAWaitThatIsToFailEarly) {
  ASSERT_EQ(RunWithin(60s, SeatrialCommand({"image", "assemble", "test/suites/causes/images.yaml",
                                            "--programs", "/usr/bin", "--out", Path("images")}))
                .status,
            0);

  const sys::Exit exit = RunWithin(
      280s, SeatrialCommand({"run", "--state-dir", Path("state"), "--image", Path("images"),
                             "--artifacts-dir", Path("artifacts"), "--report", "json", "--parallel",
                             "12", "--fail-early", "test/suites/causes"}));

  ASSERT_EQ(exit.status, 1) << exit.output;
  const auto report = value::ParseJson(*sys::ReadFile(Path("artifacts/kuttl-report.json")));
  ASSERT_TRUE(report.ok());
  const std::map<std::string, std::vector<std::string>> expected = {
      {"image-pull", {"container app is waiting: ", "registry.invalid/none:1"}},
      {"image-never", {"container app is waiting: ErrImageNeverPull"}},
      {"crash-loop", {"exit code 3", "the last line of its log: \"no config file\""}},
      {"config-error",
       {"container app is waiting: CreateContainerConfigError: configmap \"no-such-settings\" not "
        "found"}},
      {"failed-mount", {"FailedMount", "configmap \"no-such-volume\" not found"}},
      {"unschedulable", {"not scheduled: Unschedulable: 0/", "nodes are available"}},
      {"progress-deadline", {"ProgressDeadlineExceeded"}},
      {"quota", {"FailedCreate", "exceeded quota: no-pods"}},
      {"webhook", {"FailedCreate", "failed calling webhook \"refuse.example.com\""}},
      {"volume-claim",
       {"PersistentVolumeClaim", "of Pod web",
        "storageclass.storage.k8s.io \"no-such-class\" not "
        "found"}},
      {"node-not-ready",
       {"Node seatrial-ghost is not ready: KubeletNotReady: container runtime is down"}},
  };
  for (const auto& [test, words] : expected) {
    SCOPED_TRACE(test);
    const Told told = ToldOf(*report, test);
    ASSERT_THAT(told.causes, Not(IsEmpty()));
    EXPECT_THAT(told.causes[0], HasSubstr("failEarly: "));
    EXPECT_THAT(told.causes[0], HasSubstr("not waited for any longer"));
    for (const std::string& word : words) EXPECT_THAT(told.causes[0], HasSubstr(word));
    EXPECT_LT(told.seconds, 90) << "that is the timeout";
  }
  // Which of the two depends on whether the kubelet has looked again since.
  EXPECT_THAT(ToldOf(*report, "crash-loop").causes[0],
              AnyOf(HasSubstr("container app is waiting: CrashLoopBackOff"),
                    HasSubstr("container app crashes again after ")));
  EXPECT_THAT(ToldOf(*report, "quota").causes,
              Contains(AllOf(HasSubstr("ResourceQuota"), HasSubstr("no-pods: used pods 0 of 0"))));
  // A deletion that is blocked ends by its timeout, and says by whom.
  EXPECT_THAT(ToldOf(*report, "claim-in-use").causes,
              Contains(AllOf(HasSubstr("finalizer kubernetes.io/pvc-protection: it is still used "
                                       "by Pod"),
                             HasSubstr("/writer"))));
}

}  // namespace
}  // namespace trial
