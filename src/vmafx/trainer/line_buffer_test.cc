#include "vmafx/trainer/line_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::trainer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Texts(LineBuffer& buffer) {
  std::vector<std::string> texts;
  for (auto lines = buffer.Take(); !lines.empty(); lines = buffer.Take())
    for (const LineBuffer::Line& line : lines)
      texts.push_back(line.too_long ? "(too long)" : line.text);
  return texts;
}

TEST(LineBufferTest, GivesWholeLinesWithoutTheirEnds) {
  LineBuffer buffer(100);
  buffer.Add("a\r\n\n\r\nb\nc");
  EXPECT_THAT(Texts(buffer), ElementsAre("a", "b"));
  EXPECT_TRUE(buffer.InLine());
  buffer.Add("d\n");
  EXPECT_THAT(Texts(buffer), ElementsAre("cd"));
  EXPECT_FALSE(buffer.InLine());
}

TEST(LineBufferTest, AnswersALineThatIsTooLongInItsPlaceAndOnce) {
  LineBuffer buffer(5);  // with the end
  buffer.Add("1234\n12345\n6\n");
  EXPECT_THAT(Texts(buffer), ElementsAre("1234", "(too long)", "6"));
  for (int i = 0; i < 10; ++i) {
    buffer.Add("xxx");
    EXPECT_THAT(Texts(buffer), IsEmpty());
    EXPECT_TRUE(buffer.InLine());
  }
  buffer.Add("\n7\n");
  EXPECT_THAT(Texts(buffer), ElementsAre("(too long)", "7"));
}

TEST(LineBufferTest, GivesAllOfManyLines) {
  LineBuffer buffer(5);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "\nx\n";
  buffer.Add(many);
  EXPECT_EQ(Texts(buffer).size(), 1000u);
}

}  // namespace
}  // namespace vmafx::trainer
