#include "vmafx/client/chart.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t Count(const std::string& text, const std::string& word) {
  size_t count = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++count;
  return count;
}

// "" when tags are balanced, attributes quoted, and < and & stand nowhere else; else what is wrong.
// https://www.w3.org/TR/xml/#sec-well-formed
std::string WhatIsIllFormed(const std::string& html) {
  std::vector<std::string> open;
  size_t at = html.find('\n');  // after the doctype
  while ((at = html.find_first_of("<&", at)) != html.npos) {
    if (html[at] == '&') {
      const size_t end = html.find(';', at);
      if (end == html.npos || end - at > 6) return "bare & at " + html.substr(at, 20);
      at = end;
      continue;
    }
    const size_t end = html.find('>', at);
    if (end == html.npos) return "an open tag at the end";
    const std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.find('<') != tag.npos || Count(tag, "\"") % 2 != 0) return "bad tag <" + tag + ">";
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected <" + tag + ">";
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty() ? "" : "<" + open.back() + "> is not closed";
}

Chart WithScores(std::vector<double> scores) {
  return {
      .title = "t",
      .facts = {},
      .series = {{.name = "VMAF", .values = std::move(scores), .range = std::pair(0.0, 100.0)}}};
}

TEST(ChartTest, DrawsACurveWithATooltipForEachFrame) {
  const std::string html = RenderChart(WithScores({90.5, 80.25, 85}));

  EXPECT_EQ(WhatIsIllFormed(html), "");
  EXPECT_EQ(Count(html, "<rect class=\"hit\""), 3U);
  EXPECT_THAT(html, HasSubstr("<title>frame 1: 80.25</title>"));
  EXPECT_EQ(Count(html, "class=\"curve\""), 1U);
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(ChartTest, NeedsNothingElse) {
  const std::string html = RenderChart(WithScores({1, 2, 3}));

  for (const char* outside : {"http:", "https:", "src=", "href=", "<script", "url(", "@import"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
}

TEST(ChartTest, HigherScoresAreDrawnHigher) {
  const std::string html = RenderChart(WithScores({0, 100}));

  // 10 is the top of the plot, 296 its bottom.
  EXPECT_THAT(html, HasSubstr("296.0L"));
  EXPECT_THAT(html, HasSubstr(" 10.0\""));
}

TEST(ChartTest, EscapesWhateverTextItIsGiven) {
  Chart chart = WithScores({1});
  chart.title = "</title><script>alert('1')</script>&\"\xff\x01";
  chart.facts = {{"<b>", "a & b"}};
  chart.series.push_back({.name = "\"><svg onload=x>", .values = {1}, .range = {}});

  const std::string html = RenderChart(chart);

  EXPECT_EQ(WhatIsIllFormed(html), "");
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<svg onload")));
  EXPECT_THAT(html, HasSubstr("a &amp; b"));
  EXPECT_EQ(html.find('\xff'), std::string::npos);
}

TEST(ChartTest, DrawsALongVideoAsMeansWithinABand) {
  std::vector<double> scores;
  for (int i = 0; i < 100'000; ++i) scores.push_back(50 + 40 * std::sin(i * 0.01));

  const std::string html = RenderChart(WithScores(scores));

  EXPECT_EQ(WhatIsIllFormed(html), "");
  EXPECT_LE(Count(html, "<rect class=\"hit\""), 900U);
  EXPECT_EQ(Count(html, "class=\"band\""), 1U);
  EXPECT_THAT(html, HasSubstr("<title>frames 0 to 111: mean "));
  EXPECT_LT(html.size(), 300'000U);
}

TEST(ChartTest, SurvivesWhateverNumbersItIsGiven) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values : {std::vector<double>{},
                                            {5},
                                            {7, 7, 7},
                                            {kNan},
                                            {kNan, 1, kInfinity, 2, -kInfinity},
                                            {-1e300, 1e300},
                                            {0, 0},
                                            {1e-12, 2e-12},
                                            {1e15, 1e15 + 1}}) {
    Chart chart{
        .title = "t", .facts = {}, .series = {{.name = "x", .values = values, .range = {}}}};

    const std::string html = RenderChart(chart);

    EXPECT_EQ(WhatIsIllFormed(html), "");
    EXPECT_THAT(html, Not(HasSubstr("nan")));
    EXPECT_THAT(html, Not(HasSubstr("inf")));
  }
}

}  // namespace
}  // namespace vmafx::client
