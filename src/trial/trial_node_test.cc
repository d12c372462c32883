// The seatrial program itself: a cluster of its own, suites on it, the report, and nothing left.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "trial/testing/program.h"
#include "value/json.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::RunWithin;
using testing::SeatrialCommand;

class TrialNodeTest : public ::testing::Test {
 protected:
  std::string State() const { return (folder_.path() / "state").string(); }
  std::string Artifacts() const { return (folder_.path() / "artifacts").string(); }

  sys::TempDir folder_ = *sys::TempDir::Make("trial-node");
};

TEST_F(TrialNodeTest, RunBringsAClusterUpTriesTheSuitesAndLeavesNothing) {
  const sys::Exit exit = RunWithin(
      240s,
      SeatrialCommand({"run", "--state-dir", State(), "--artifacts-dir", Artifacts(), "--timeout",
                       "120", "--report", "json", "test/suites/basics", "test/suites/workloads"}));

  EXPECT_EQ(exit.status, 0) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("3 tests: 3 passed"));
  const auto report = value::ParseJson(*sys::ReadFile(Artifacts() + "/kuttl-report.json"));
  EXPECT_TRUE(report.ok());
  EXPECT_TRUE(!std::filesystem::exists(State()) || std::filesystem::is_empty(State()))
      << "the cluster's state folder must be gone";
}

TEST_F(TrialNodeTest, EveryKindOfFailureIsExplainedDownToItsCause) {
  const sys::Exit exit =
      RunWithin(240s, SeatrialCommand({"run", "--state-dir", State(), "--artifacts-dir",
                                       Artifacts(), "test/suites/failures"}));

  EXPECT_EQ(exit.status, 1) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("test/suites/failures/wrong-value/00-assert.yaml:6"));
  EXPECT_THAT(exit.output, HasSubstr(".data.color: expected \"blue\", found \"red\""));
  EXPECT_THAT(exit.output, HasSubstr("ErrImageNeverPull"));
  EXPECT_THAT(exit.output, HasSubstr("has failed and its restartPolicy is Never"));
  EXPECT_THAT(exit.output, HasSubstr("no-such-map"));
  EXPECT_TRUE(std::filesystem::exists(Artifacts() + "/missing-image/0-install/events.txt"));
  EXPECT_THAT(*sys::ReadFile(Artifacts() + "/missing-image/0-install/events.txt"),
              HasSubstr("ErrImageNeverPull"));
}

}  // namespace
}  // namespace trial
