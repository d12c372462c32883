#include "report/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/testing/synthetic_run.h"

namespace report {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using trial::Sighting;

const trial::TestId kId{"s", "t"};
const trial::StepId kStep{kId, 0, "install"};

trial::Moment At(base::Duration after) {
  return {base::Instant(after), base::WallTime(std::chrono::seconds(1'000'000)) +
                                    std::chrono::duration_cast<base::WallTime::duration>(after)};
}

std::vector<std::string> Texts(const Timeline& timeline, const trial::TestId& id) {
  std::vector<std::string> texts;
  for (const TimelineEntry& entry : timeline.Of(id).entries)
    texts.push_back(std::string(ToString(entry.what)) + ": " + entry.text);
  return texts;
}

Sighting Log(const std::string& text, base::Duration when) {
  return {kId, Sighting::What::kLog, "Pod", "web/app", text, {}, At(when).wall};
}

TEST(TimelineTest, PutsLinesOfLogsWhereTheyBelongAlthoughTheyComeLast) {
  Timeline timeline;
  timeline.OnLogLine({kStep, {}, "", 0, 0, "Pod:web created"}, At(1s));
  timeline.OnSighting({kId, Sighting::What::kChanged, "Pod", "web", "phase: Running", {}, {}},
                      At(5s));
  timeline.OnTestEnded({kId, trial::Verdict::kFailed, {}}, At(6s));
  timeline.OnSighting(Log("hello", 3s), At(7s));
  timeline.OnCleanupEnded({kId, "ns", {}, {}, {}}, At(8s));

  EXPECT_THAT(Texts(timeline, kId),
              ElementsAre("story: Pod:web created", "log: hello", "changed: phase: Running"));
}

TEST(TimelineTest, TellsAWaitOnlyWhenItChanges) {
  Timeline timeline;
  for (const char* miss : {"found 1", "found 1", "found 2"})
    timeline.OnWaitProgress({kStep, "Deployment web", miss, "", 0, 1, 1s, 9s}, At(1s));

  EXPECT_THAT(Texts(timeline, kId),
              ElementsAre("wait: Deployment web: found 1", "wait: Deployment web: found 2"));
}

TEST(TimelineTest, KeepsBeginningAndEndOfALongTestThatPassed) {
  Timeline timeline({.of_test = 10, .of_passed_test = 4, .longest_text = 100});
  for (int i = 0; i < 12; ++i) timeline.OnSighting(Log(std::to_string(i), i * 1s), At(20s));
  timeline.OnTestEnded({kId, trial::Verdict::kPassed, {}}, At(21s));
  timeline.OnCleanupEnded({kId, "ns", {}, {}, {}}, At(22s));

  EXPECT_THAT(Texts(timeline, kId), ElementsAre("log: 0", "log: 1", "log: 8", "log: 9"));
  EXPECT_THAT(timeline.Of(kId).left_out, ElementsAre("8 entries of a long timeline"));
}

TEST(TimelineTest, KeepsAllOfATestThatFailedAndCutsLongTexts) {
  Timeline timeline({.of_test = 10, .of_passed_test = 1, .longest_text = 4});
  for (int i = 0; i < 3; ++i) timeline.OnSighting(Log("abc\xC3\xA9", 1s), At(2s));
  timeline.OnSighting({kId, Sighting::What::kLeftOut, "", "", "7 lines of logs", {}, {}}, At(2s));
  timeline.OnTestEnded({kId, trial::Verdict::kFailed, {}}, At(3s));
  timeline.OnCleanupEnded({kId, "ns", {}, {}, {}}, At(4s));

  EXPECT_THAT(Texts(timeline, kId),
              ElementsAre("log: abc\xE2\x80\xA6", "log: abc\xE2\x80\xA6", "log: abc\xE2\x80\xA6"));
  EXPECT_THAT(timeline.Of(kId).left_out, ElementsAre("7 lines of logs"));
}

TEST(TimelineTest, HasNothingOfATestThatItWasNotTold) {
  EXPECT_TRUE(Timeline().Of(kId).entries.empty());
}

}  // namespace
}  // namespace report
