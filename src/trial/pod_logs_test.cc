#include "trial/pod_logs.h"

#include <gtest/gtest.h>

namespace trial {
namespace {

using namespace std::chrono_literals;

base::WallTime At(std::chrono::nanoseconds after_midnight) {
  constexpr auto kDay = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
  return std::chrono::time_point_cast<base::WallTime::duration>(kDay + after_midnight);
}

TEST(PodLogsTest, ReadsTheTimeOfALine) {
  const PodLogLine line = ParseLogLine("2026-11-23T11:53:05.1234567Z hello  world");

  EXPECT_EQ(line.when, At(11h + 53min + 5s + 123'456'700ns));
  EXPECT_EQ(line.text, "hello  world");
}

TEST(PodLogsTest, ReadsTimesOfNodesInOtherZones) {
  EXPECT_EQ(ParseLogLine("2026-11-23T11:53:05+01:30 x").when, At(10h + 23min + 5s));
  EXPECT_EQ(ParseLogLine("2026-11-23T11:53:05-05:00 x").when, At(16h + 53min + 5s));
}

TEST(PodLogsTest, TakesAnEmptyLineWithATime) {
  const PodLogLine line = ParseLogLine("2026-11-23T11:53:05Z");

  EXPECT_EQ(line.when, At(11h + 53min + 5s));
  EXPECT_EQ(line.text, "");
}

TEST(PodLogsTest, LeavesLinesWithoutATimeAsTheyAre) {
  for (const char* text : {"no time", "2026-11-23 x", "2026-99-99T11:53:05Z x",
                           "2026-11-23T11:53:05 x", "-026-11-23T11:53:05Z x", ""}) {
    const PodLogLine line = ParseLogLine(text);
    EXPECT_EQ(line.text, text);
    EXPECT_EQ(line.when, base::WallTime{});
  }
}

TEST(PodLogsTest, CutsVeryLongLines) {
  EXPECT_LT(ParseLogLine(std::string(100'000, 'x')).text.size(), 1100u);
}

}  // namespace
}  // namespace trial
