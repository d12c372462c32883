#include "vmafx/scoring/video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::scoring {
namespace {

using ::testing::HasSubstr;

TEST(PixelFormatTest, EveryNameReadsBackAsItself) {
  EXPECT_EQ(PixelFormatNames().size(), 12U);
  for (const std::string& name : PixelFormatNames()) {
    auto format = ParsePixelFormat(name);
    ASSERT_TRUE(format.ok());
    EXPECT_EQ(ToString(*format), name);
  }
}

TEST(PixelFormatTest, LittleEndianMayBeLeftOutAndATypoIsExplained) {
  EXPECT_EQ(*ParsePixelFormat("yuv422p10"), (PixelFormat{Chroma::k422, 10}));

  auto wrong = ParsePixelFormat("yuv420p10l");

  ASSERT_TRUE(wrong.Is(base::Code::kInvalid));
  EXPECT_THAT(wrong.error().message(), HasSubstr("did you mean \"yuv420p10le\"?"));
  EXPECT_FALSE(ParsePixelFormat("yuv420p10be").ok());
  EXPECT_FALSE(ParsePixelFormat("").ok());
}

TEST(SizeTest, IsTwoNumbersWithAnX) {
  auto size = ParseSize("1920x1080");
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size->width, 1920U);
  EXPECT_EQ(size->height, 1080U);
  for (const char* wrong : {"", "x", "1920", "1920x", "x1080", "1920X1080", "-1x5", "1920x1080x3",
                            "99999999999x1", " 64x64", "64x64 "}) {
    EXPECT_TRUE(ParseSize(wrong).Is(base::Code::kInvalid)) << wrong;
  }
}

TEST(GeometryTest, ChromaOfOddSizesRoundsUp) {
  Geometry odd{65, 47, {Chroma::k420, 8}};
  EXPECT_EQ(PlaneOf(odd, 1).width, 33U);
  EXPECT_EQ(PlaneOf(odd, 1).height, 24U);
  EXPECT_EQ(FrameBytes(odd), 65U * 47 + 2 * 33 * 24);
  odd.pixel_format = {Chroma::k422, 10};
  EXPECT_EQ(FrameBytes(odd), 2U * (65 * 47 + 2 * 33 * 47));
  odd.pixel_format = {Chroma::k444, 16};
  EXPECT_EQ(FrameBytes(odd), 2U * 3 * 65 * 47);
}

TEST(GeometryTest, RefusesWhatCannotBeScored) {
  EXPECT_TRUE(Validate({64, 64, {}}).ok());
  EXPECT_TRUE(Validate({kLargestSide, kSmallestSide, {}}).ok());
  EXPECT_FALSE(Validate({0, 64, {}}).ok());
  EXPECT_FALSE(Validate({64, kSmallestSide - 1, {}}).ok());
  EXPECT_FALSE(Validate({kLargestSide + 1, 64, {}}).ok());
  EXPECT_FALSE(Validate({64, 64, {Chroma::k420, 9}}).ok());
}

}  // namespace
}  // namespace vmafx::scoring
