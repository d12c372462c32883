// The clips that the end-to-end cases score (test/e2e/fixtures) are what they say they are.

#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"
#include "vmafx/scoring/score.h"

namespace vmafx::scoring {
namespace {

class FixturesTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  base::Result<ScoreReport> ScorePair(const char* reference, const char* distorted) {
    ScoreRequest request;
    request.reference.path = folder_ / reference;
    request.distorted.path = folder_ / distorted;
    request.geometry = Geometry{64, 64, {}};
    return Score(request, until());
  }

  base::SystemClock clock_;
  std::filesystem::path folder_ =
      std::filesystem::path(std::getenv("SEATRIAL_SOURCE_DIR")) / "test/e2e/fixtures";
};

TEST_F(FixturesTest, TheScriptRegeneratesTheClipsByteForByte) {
  auto made = sys::TempDir::Make();
  ASSERT_TRUE(made.ok());

  auto ran = sys::RunOrFail({.argv = {folder_ / "gen-tiny-yuv.sh", made->path()}}, until());

  ASSERT_TRUE(ran.ok()) << ran.error().message();
  for (const char* name : {"ref.yuv", "dist.yuv"}) {
    auto committed = sys::ReadFile(folder_ / name);
    auto regenerated = sys::ReadFile(made->path() / name);
    ASSERT_TRUE(committed.ok() && regenerated.ok());
    EXPECT_EQ(committed->size(), 8U * 64 * 64 * 3 / 2);
    EXPECT_TRUE(*committed == *regenerated) << name << " differs from what the script writes";
  }
}

TEST_F(FixturesTest, TheScoreIsTheOneWrittenDown) {
  auto expected = sys::ReadFile(folder_ / "expected-score");
  auto report = ScorePair("ref.yuv", "dist.yuv");

  ASSERT_TRUE(expected.ok() && report.ok());
  EXPECT_NEAR(report->vmaf.mean, std::stod(*expected), 1e-6);
}

TEST_F(FixturesTest, EveryFeatureTakesPartInTheScore) {
  auto report = ScorePair("ref.yuv", "dist.yuv");
  auto self = ScorePair("ref.yuv", "ref.yuv");

  ASSERT_TRUE(report.ok() && self.ok());
  for (size_t i = 0; i < report->feature_names.size(); ++i) {
    if (report->feature_names[i] == "motion2") {
      EXPECT_GT(report->feature_means[i], 2);  // motion is of the reference alone
    } else {
      EXPECT_LT(report->feature_means[i], 0.95) << report->feature_names[i];
      EXPECT_GT(self->feature_means[i], 0.99) << report->feature_names[i];
    }
  }
}

TEST_F(FixturesTest, SwappedOrEqualInputsScoreFarFromTheRightOrder) {
  auto right = ScorePair("ref.yuv", "dist.yuv");
  auto swapped = ScorePair("dist.yuv", "ref.yuv");
  auto same = ScorePair("ref.yuv", "ref.yuv");
  auto same_distorted = ScorePair("dist.yuv", "dist.yuv");

  ASSERT_TRUE(right.ok() && swapped.ok() && same.ok() && same_distorted.ok());
  for (const auto* wrong : {&*swapped, &*same, &*same_distorted}) {
    EXPECT_GT(wrong->vmaf.mean, right->vmaf.mean + 20);
  }
}

}  // namespace
}  // namespace vmafx::scoring
