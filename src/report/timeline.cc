#include "report/timeline.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/words.h"

namespace report {
namespace {

using What = TimelineEntry::What;

What WhatOf(trial::Sighting::What what) {
  switch (what) {
    case trial::Sighting::What::kAppeared:
      return What::kAppeared;
    case trial::Sighting::What::kGone:
      return What::kGone;
    case trial::Sighting::What::kEvent:
      return What::kEvent;
    case trial::Sighting::What::kLog:
      return What::kLog;
    default:
      return What::kChanged;
  }
}

std::string WaitText(const trial::WaitProgress& wait) {
  std::string text = wait.waiting_for;
  if (wait.of > 1) text = fmt::format("{}/{} hold; {}", wait.satisfied, wait.of, text);
  if (!wait.mismatch.empty()) text += ": " + wait.mismatch;
  if (!wait.cause.empty()) text += "\n" + wait.cause;
  return text;
}

}  // namespace

std::string_view ToString(What what) {
  static constexpr std::string_view kWords[] = {"story",   "warning", "wait",  "appeared",
                                                "changed", "gone",    "event", "log"};
  return kWords[static_cast<size_t>(what)];
}

const TestTimeline& Timeline::Of(const trial::TestId& id) const {
  const auto found = tests_.find(id);
  return found == tests_.end() ? nothing_ : found->second.timeline;
}

void Timeline::OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) {
  Test& test = tests_[event.id.test];
  std::string text = WaitText(event);
  if (text == test.last_wait) return;  // only the time has moved
  test.last_wait = text;
  Add(test, {What::kWait, at.wall, "step", event.id.Text(), std::move(text), false});
}

void Timeline::OnLogLine(const trial::LogLine& event, const trial::Moment& at) {
  if (event.id.test.test.empty()) return;
  const bool warning = event.severity == trial::Severity::kWarning;
  std::string text = event.text;
  if (!event.file.empty())
    text = event.line > 0
               ? fmt::format("{}:{}:{}: {}", event.file, event.line, event.column, event.text)
               : fmt::format("{}: {}", event.file, event.text);
  Add(tests_[event.id.test], {warning ? What::kWarning : What::kStory, at.wall, "step",
                              event.id.Text(), std::move(text), warning});
}

void Timeline::OnSighting(const trial::Sighting& event, const trial::Moment& at) {
  Test& test = tests_[event.id];
  if (event.what == trial::Sighting::What::kLeftOut) {
    test.timeline.left_out.push_back(event.text);
    return;
  }
  const bool timed = event.when != base::WallTime{};
  Add(test, {WhatOf(event.what), timed ? event.when : at.wall, event.kind, event.name, event.text,
             event.severity == trial::Severity::kWarning});
}

void Timeline::OnTestEnded(const trial::TestEnded& event, const trial::Moment&) {
  tests_[event.id].passed = event.verdict == trial::Verdict::kPassed;
}

void Timeline::OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment&) {
  Test& test = tests_[event.id];
  std::vector<TimelineEntry>& entries = test.timeline.entries;
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& one, const auto& other) { return one.when < other.when; });
  const bool passed = test.passed && (event.verdict == trial::Verdict::kPassed ||
                                      event.verdict == trial::Verdict::kSkipped);
  if (passed && entries.size() > limits_.of_passed_test) {
    // How it began and how it ended says most.
    const size_t half = limits_.of_passed_test / 2;
    test.dropped += entries.size() - 2 * half;
    entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(half),
                  entries.end() - static_cast<std::ptrdiff_t>(half));
  }
  entries.shrink_to_fit();
  if (test.dropped > 0)
    test.timeline.left_out.push_back(fmt::format("{} entries of a long timeline", test.dropped));
}

void Timeline::Add(Test& test, TimelineEntry entry) {
  if (test.timeline.entries.size() == limits_.of_test) {
    ++test.dropped;
    return;
  }
  entry.text = Printable(Shortened(entry.text, limits_.longest_text));
  entry.name = Printable(entry.name);
  entry.kind = Printable(entry.kind);
  test.timeline.entries.push_back(std::move(entry));
}

}  // namespace report
