#include "base/parse_time.h"

#include <gtest/gtest.h>

namespace base {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNoon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + 12h;

TEST(ParseTime, ReadsWhatFormatTimeWrites) {
  EXPECT_EQ(ParseTime("2026-01-01T12:00:00Z"), kNoon);
  EXPECT_EQ(ParseTime(FormatTime(kNoon + 59s)), kNoon + 59s);
}

TEST(ParseTime, KnowsFractionsAndOffsets) {
  EXPECT_EQ(ParseTime("2026-01-01T12:00:00.25Z"), kNoon + 250ms);
  EXPECT_EQ(ParseTime("2026-01-01T12:00:00.1234567891Z"), kNoon + 123456789ns);
  EXPECT_EQ(ParseTime("2026-01-01T13:30:00+01:30"), kNoon);
  EXPECT_EQ(ParseTime("2026-01-01T07:00:00-05:00"), kNoon);
}

TEST(ParseTime, RefusesAllElse) {
  for (const char* text : {"", "Z", "2026-01-01", "2026-01-01T12:00:00", "2026-13-01T12:00:00Z",
                           "2026-02-30T12:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T12:60:00Z",
                           "2026-01-01T12:00:61Z", "2026-01-01 12:00:00Z", "2026-01-01T12:00:00z",
                           "2026-01-01T12:00:00+1:00", "2026-01-01T12:00:00+25:00",
                           "2026-01-01T12:00:00Z ", "+026-01-01T12:00:00Z"})
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
}

// Nanoseconds since 1970 in 64 bits end in 2262: more would wrap around, which is undefined.
TEST(ParseTime, RefusesTimesThatTheClockHasNoRoomFor) {
  for (const char* text : {"9999-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "1677-12-31T00:00:00Z",
                           "0000-01-01T00:00:00Z", "2026-01-01T-1:00:00Z"})
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  EXPECT_NE(ParseTime("2261-12-31T23:59:59.999999999-23:59"), std::nullopt);
  EXPECT_NE(ParseTime("1678-01-01T00:00:00+23:59"), std::nullopt);
}

}  // namespace
}  // namespace base
