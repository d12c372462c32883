#pragma once

// Everything that a test said and that was seen of it, on one clock: for the HTML report. Bounded.

#include <map>
#include <string>
#include <vector>

#include "trial/events.h"

namespace report {

struct TimelineEntry {
  // What the step did or printed; a warning about the suite's files; what a step waited for; then
  // as trial::Sighting.
  enum class What { kStory, kWarning, kWait, kAppeared, kChanged, kGone, kEvent, kLog };
  What what = What::kStory;
  base::WallTime when{};
  std::string kind;  // of the object; "step" for the first three
  std::string name;  // of the object or step
  std::string text;
  bool wrong = false;
};

// "story", "warning", "wait", "appeared", "changed", "gone", "event", "log".
std::string_view ToString(TimelineEntry::What what);

struct TestTimeline {
  std::vector<TimelineEntry> entries;  // by time, once the test's clean-up has ended
  std::vector<std::string> left_out;   // "200 entries in the middle", "17 lines of logs"
};

struct TimelineLimits {
  size_t of_test = 8000;
  size_t of_passed_test = 400;  // what is kept of one when it is known to have passed
  size_t longest_text = 2000;   // bytes
};

class Timeline final : public trial::Listener {
 public:
  explicit Timeline(TimelineLimits limits = {}) : limits_(limits) {}

  // Empty for a test of which nothing was told.
  const TestTimeline& Of(const trial::TestId& id) const;

  void OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) override;
  void OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) override;
  void OnLogLine(const trial::LogLine& event, const trial::Moment& at) override;
  void OnSighting(const trial::Sighting& event, const trial::Moment& at) override;
  void OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) override;

 private:
  struct Test {
    TestTimeline timeline;
    size_t dropped = 0;
    std::string last_wait;
    bool passed = false;
  };

  void Add(Test& test, TimelineEntry entry);

  TimelineLimits limits_;
  std::map<trial::TestId, Test> tests_;
  TestTimeline nothing_;
};

}  // namespace report
