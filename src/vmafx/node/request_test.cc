#include "vmafx/node/request.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using ::testing::HasSubstr;

TEST(RequestTest, NamesEveryProblemOfAJob) {
  const Assignment job{.reference = "s3://b/ref.yuv",
                       .distorted = "/etc/passwd",
                       .model = "vmaf_v0.6.2",
                       .backend = "cuda",
                       .width = 64,
                       .height = 64,
                       .pixel_format = "421",
                       .bit_depth = 8};

  base::SystemClock clock;
  const auto request = BuildRequest(job, {.roots = {"/nonexistent"}}, base::Log::Nowhere(),
                                    base::Until::After(clock, std::chrono::seconds(60)));

  ASSERT_FALSE(request.ok());
  const std::string& message = request.error().message();
  EXPECT_THAT(message, HasSubstr("backend cuda is asked for, this worker scores on cpu"));
  EXPECT_THAT(message, HasSubstr("model \"vmaf_v0.6.2\" is not built in"));
  EXPECT_THAT(message, HasSubstr("options: "));
  EXPECT_THAT(message, HasSubstr("yuv421p"));
  EXPECT_THAT(message, HasSubstr("reference s3://b/ref.yuv: this worker has no rclone"));
  EXPECT_THAT(message, HasSubstr("distorted /etc/passwd is outside"));
}

TEST(RequestTest, FailsAReportByTheNameOfTheValueThatIsNotANumber) {
  scoring::ScoreReport report;
  report.feature_names = {"adm2", "vif_scale0"};
  report.frames = {{0, 90, {0.9, 0.8}}, {1, 91, {0.9, std::numeric_limits<double>::quiet_NaN()}}};
  EXPECT_EQ(CheckNumbers(report).error().message(),
            "the feature vif_scale0 of frame 1 is nan, not a number");

  report.frames.pop_back();
  EXPECT_TRUE(CheckNumbers(report).ok());

  report.vmaf.mean = std::numeric_limits<double>::infinity();
  EXPECT_EQ(CheckNumbers(report).error().message(), "the mean score is inf, not a number");
}

}  // namespace
}  // namespace vmafx::node
