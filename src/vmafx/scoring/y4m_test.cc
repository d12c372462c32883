#include "vmafx/scoring/y4m.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::scoring {
namespace {

using ::testing::HasSubstr;

std::string WhyNot(std::string_view line) {
  auto parsed = ParseY4mHeader(line);
  EXPECT_TRUE(parsed.Is(base::Code::kInvalid)) << line;
  return parsed.ok() ? "" : parsed.error().message();
}

TEST(Y4mHeaderTest, ReadsSizeAndColourSpaceInAnyOrder) {
  auto parsed = ParseY4mHeader(
      "YUV4MPEG2 F30000:1001 C422p10 It A1:1 H480 W720 XYSCSS=422P10 XCOLORRANGE=FULL");

  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(*parsed, (Geometry{720, 480, {Chroma::k422, 10}}));
}

TEST(Y4mHeaderTest, KnowsEveryColourSpaceThatCanBeScored) {
  const struct {
    const char* tag;
    PixelFormat format;
  } cases[] = {{"", {Chroma::k420, 8}},           {" C420", {Chroma::k420, 8}},
               {" C420jpeg", {Chroma::k420, 8}},  {" C420mpeg2", {Chroma::k420, 8}},
               {" C420paldv", {Chroma::k420, 8}}, {" C422", {Chroma::k422, 8}},
               {" C444", {Chroma::k444, 8}},      {" C420p10", {Chroma::k420, 10}},
               {" C422p12", {Chroma::k422, 12}},  {" C444p16", {Chroma::k444, 16}}};
  for (const auto& [tag, format] : cases) {
    auto parsed = ParseY4mHeader(fmt::format("YUV4MPEG2 W64 H64{}", tag));
    ASSERT_TRUE(parsed.ok()) << tag;
    EXPECT_EQ(parsed->pixel_format, format) << tag;
  }
}

TEST(Y4mHeaderTest, AcceptsEveryInterlaceTag) {
  for (char kind : std::string("ptbm?")) {
    EXPECT_TRUE(ParseY4mHeader(fmt::format("YUV4MPEG2 W64 H64 I{}", kind)).ok()) << kind;
  }
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64 H64 Ix"), HasSubstr("tag Ix"));
}

TEST(Y4mHeaderTest, SaysWhichColourSpaceCannotBeScored) {
  for (const char* tag : {"mono", "411", "444alpha", "420p9", "420p14", "", "420p10le"}) {
    EXPECT_THAT(WhyNot(fmt::format("YUV4MPEG2 W64 H64 C{}", tag)),
                HasSubstr(fmt::format("colour space C{} cannot be scored", tag)));
  }
}

TEST(Y4mHeaderTest, HostileHeadersAreErrors) {
  EXPECT_THAT(WhyNot(""), HasSubstr("does not begin"));
  EXPECT_THAT(WhyNot("YUV4MPEG2X W64 H64"), HasSubstr("does not begin"));
  EXPECT_THAT(WhyNot("YUV4MPEG2"), HasSubstr("no tag W"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64"), HasSubstr("no tag H"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64 W32 H64"), HasSubstr("tag W is there twice"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W0 H64"), HasSubstr("size 0x64"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W-64 H64"), HasSubstr("W-64"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64junk H64"), HasSubstr("W64junk"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W4294967360 H64"), HasSubstr("W4294967360"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W4294967295 H4294967295"), HasSubstr("from 32 to 16384"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64 H64 F25"), HasSubstr("tag F25"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64 H64 A1:1:1"), HasSubstr("tag A1:1:1"));
  EXPECT_THAT(WhyNot("YUV4MPEG2 W64 H64 Q1"), HasSubstr("tag Q1"));
  EXPECT_THAT(WhyNot(std::string_view("YUV4MPEG2 W64\0 H64", 18)), HasSubstr("control character"));
}

}  // namespace
}  // namespace vmafx::scoring
