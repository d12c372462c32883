#include "vmafx/api/score_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vmafx/v1/scoring.pb.h"

namespace vmafx::api {
namespace {

using ::testing::HasSubstr;

v1::ScoreOptions Geometry() {
  v1::ScoreOptions options;
  options.set_width(64);
  options.set_height(48);
  options.set_pixel_format("420");
  options.set_bitdepth(10);
  return options;
}

std::string Problem(const v1::ScoreOptions& options) {
  const auto checked = CheckScoreOptions(options);
  return checked.ok() ? "" : checked.error().message();
}

TEST(ScoreOptionsTest, AcceptsWholeGeometryAndNone) {
  EXPECT_EQ(Problem(Geometry()), "");
  EXPECT_EQ(Problem({}), "");
}

TEST(ScoreOptionsTest, NamesWhatIsMissingOrOutOfRange) {
  auto options = Geometry();
  options.clear_height();
  options.set_pixel_format("yuv420p");
  options.set_bitdepth(9);
  options.set_threads(1000);
  options.set_backend("gpu");

  const std::string problem = Problem(options);

  EXPECT_THAT(problem, HasSubstr("height missing"));
  EXPECT_THAT(problem, HasSubstr("pixel_format \"yuv420p\" is not 420, 422 or 444"));
  EXPECT_THAT(problem, HasSubstr("bitdepth 9 is not 8, 10, 12 or 16"));
  EXPECT_THAT(problem, HasSubstr("threads 1000 is above 256"));
  EXPECT_THAT(problem, HasSubstr("option backend \"gpu\" is not one of"));
}

TEST(ScoreOptionsTest, RefusesWhatItWouldNotApply) {
  v1::ScoreOptions options;
  options.set_subsample(5);
  EXPECT_THAT(Problem(options), HasSubstr("option subsample is not supported"));
}

TEST(ScoreOptionsTest, RefusesAnOptionOfANewerClient) {
  v1::ScoreOptions options;
  // Field 100, varint 1.
  ASSERT_TRUE(options.ParseFromString(std::string("\xa0\x06\x01", 3)));

  EXPECT_EQ(Problem(options), "option number 100 is unknown");
}

}  // namespace
}  // namespace vmafx::api
