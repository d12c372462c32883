#include "report/history.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/testing/synthetic_run.h"

namespace report {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using trial::Verdict;

struct OneStep {
  Verdict verdict = Verdict::kPassed;
  base::Duration took = 1s;
  base::Duration limit = 30s;
};

// A run of one test of one step with asserts.
RunRecord RunOf(const OneStep& one) {
  Recorder recorder;
  const trial::TestId id{"suite", "web"};
  const trial::StepId step{id, 0, "install"};
  recorder.OnRunStarted({}, {});
  recorder.OnSuiteStarted({"suite", 1}, {});
  recorder.OnTestStarted({id, "", "", 1}, {});
  recorder.OnStepStarted({step, "", one.limit, 1}, {});
  recorder.OnStepEnded({step, one.verdict, {}, {}, 1, one.took}, {});
  recorder.OnTestEnded({id, one.verdict, one.took}, {});
  recorder.OnRunEnded({}, {});
  return recorder.record();
}

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  void TearDown() override { std::filesystem::remove(path_); }

  HistoryDigest DigestOf(const std::vector<OneStep>& runs, int last = 50) {
    History history = *History::Open(path_);
    for (const OneStep& run : runs) EXPECT_TRUE(history.Add(RunOf(run)).ok());
    return *history.Digest(last);
  }

  const std::filesystem::path path_ =
      std::filesystem::path(::testing::TempDir()) / ("history_test_" + std::to_string(getpid()));
};

TEST_F(HistoryTest, CountsFailuresAndCallsFlakyWhatFailsAndRecovers) {
  const OneStep good, bad{Verdict::kFailed};

  const HistoryDigest digest = DigestOf({good, bad, good, good});

  ASSERT_EQ(digest.tests.size(), 1u);
  EXPECT_EQ(digest.runs, 4);
  EXPECT_EQ(digest.tests[0].ran, 4);
  EXPECT_EQ(digest.tests[0].failed, 1);
  EXPECT_EQ(digest.tests[0].last, "PFPP");
  EXPECT_TRUE(digest.tests[0].flaky);
}

TEST_F(HistoryTest, DoesNotCallADefectThatStaysFlaky) {
  const OneStep good, bad{Verdict::kFailed}, lost{Verdict::kErrored};

  const HistoryDigest digest = DigestOf({good, good, bad, lost});

  EXPECT_EQ(digest.tests[0].last, "PPFE");
  EXPECT_FALSE(digest.tests[0].flaky);
}

TEST_F(HistoryTest, LooksAtTheNewestRunsOnly) {
  const OneStep good, bad{Verdict::kFailed};

  const HistoryDigest digest = DigestOf({bad, bad, good, good, good}, 3);

  EXPECT_EQ(digest.runs, 3);
  EXPECT_EQ(digest.tests[0].last, "PPP");
}

TEST_F(HistoryTest, RanksStepsByTheirMedian) {
  const HistoryDigest digest =
      DigestOf({{Verdict::kPassed, 9s}, {Verdict::kPassed, 1s}, {Verdict::kPassed, 2s}});

  ASSERT_EQ(digest.slowest.size(), 1u);
  EXPECT_EQ(digest.slowest[0].step, "0-install");
  EXPECT_EQ(digest.slowest[0].median, 2s);
  EXPECT_EQ(digest.slowest[0].longest, 9s);
}

TEST_F(HistoryTest, AdvisesToRaiseATimeoutThatIsNearlyReached) {
  const OneStep close{Verdict::kPassed, 27s, 30s};

  EXPECT_THAT(DigestOf({close, close}).advice, IsEmpty());
  EXPECT_THAT(DigestOf({close}).advice,
              ElementsAre("web 0-install: took up to 27.0 s of its 30 s: raise the timeout to 55 "
                          "s"));
}

TEST_F(HistoryTest, AdvisesToLowerATimeoutThatNobodyNeeds) {
  const OneStep quick{Verdict::kPassed, 2s, 300s};

  EXPECT_THAT(DigestOf(std::vector<OneStep>(10, quick)).advice,
              ElementsAre("web 0-install: took at most 2.00 s in 10 runs: 10 s instead of 300 s "
                          "would tell of a failure 290 s earlier"));
}

TEST_F(HistoryTest, TakesAWholeRunWithSkippedSteps) {
  Recorder recorder;
  testing::TellSyntheticRun(recorder);
  History history = *History::Open(path_);

  ASSERT_TRUE(history.Add(recorder.record()).ok());
  ASSERT_TRUE(history.Add(recorder.record()).ok());

  const std::string text = FormatHistory(*history.Digest(50));
  EXPECT_THAT(text, HasSubstr("2 runs, 3 tests\n"));
  EXPECT_THAT(text, HasSubstr("  2 of 2    100 %  ./tests/e2e/web  FF\n"));
  EXPECT_THAT(text, HasSubstr("1.20 s    1.20 s  config 0-install\n"));
}

TEST_F(HistoryTest, IsWrittenToByTwoProcessesInTurn) {
  History one = *History::Open(path_);
  History other = *History::Open(path_);

  EXPECT_TRUE(one.Add(RunOf({})).ok());
  EXPECT_TRUE(other.Add(RunOf({})).ok());
  EXPECT_TRUE(one.Add(RunOf({})).ok());

  EXPECT_EQ(other.Digest(50)->runs, 3);
}

TEST_F(HistoryTest, RefusesWhatIsNotItsFile) {
  std::ofstream(path_) << "not a database at all, but long enough to have a header of one........";
  EXPECT_THAT(History::Open(path_).error().message(), HasSubstr("file is not a database"));
  std::filesystem::remove(path_);
  {
    auto other = *sqlite::Database::Open(path_, sqlite::Sharing::kShared);
    ASSERT_TRUE(other.Run("CREATE TABLE somebody (has INTEGER)").ok());
  }

  const auto refused = History::Open(path_);

  ASSERT_TRUE(refused.Is(base::Code::kInvalid));
  EXPECT_THAT(refused.error().message(), HasSubstr("a database of something else"));
}

}  // namespace
}  // namespace report
