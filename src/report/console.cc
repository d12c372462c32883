#include "report/console.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "report/words.h"

namespace report {
namespace {

using trial::Verdict;

constexpr base::Duration kLongWait = std::chrono::seconds(10);
// A cause is worth a line of a plain log sooner, and each but once.
constexpr base::Duration kTroubledWait = std::chrono::seconds(3);
constexpr size_t kLinesOfATest = 3;

std::string Plural(int count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

// "4 passed, 1 failed"; kinds that did not occur are left out.
std::string CountsText(const trial::Totals& totals) {
  std::vector<std::string> parts;
  const auto add = [&](int count, std::string_view word) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, word));
  };
  add(totals.passed, "passed");
  add(totals.failed, "failed");
  add(totals.errored, "errored");
  add(totals.skipped, "skipped");
  return base::Join(parts, ", ");
}

std::string SubjectText(const trial::WaitProgress& wait) {
  std::string text = wait.waiting_for;
  if (wait.of > 1) text = fmt::format("{}/{} {}", wait.satisfied, wait.of, text);
  return Printable(text);
}

std::string WaitText(const trial::WaitProgress& wait) {
  const std::string subject = SubjectText(wait);
  return wait.mismatch.empty() ? subject : subject + ": " + Printable(wait.mismatch);
}

}  // namespace

Console::Console(std::ostream& out, ConsoleOptions options)
    : out_(out), options_(options), live_(out, options.width) {}

void Console::OnRunStarted(const trial::RunStarted& event, const trial::Moment&) {
  suites_ = event.suites;
  tests_ = event.tests;
  std::string text = fmt::format("{} in {}, {} at a time, on {}", Plural(event.tests, "test"),
                                 Plural(event.suites, "suite"), event.parallel, event.server);
  if (!event.context.empty()) text += fmt::format(" (context {})", event.context);
  if (options_.quiet) return;
  Print(Paint(Style::kDim, text) + "\n");
}

void Console::OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) {
  Running& test = running_[event.id];
  test = Running{};
  test.begin = test.step_begin = at;
  test.told = at.instant;
  ShowLive(at);
}

void Console::OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) {
  Running& test = running_[event.id.test];
  test.step = event.id.Text();
  test.step_begin = at;
  test.told = at.instant;
  test.told_cause.clear();
  test.wait = {};
  if (options_.verbose) {
    Print(fmt::format("  {} {}\n", NameOf(event.id.test), event.id.Text()));
  }
  ShowLive(at);
}

void Console::OnStepEnded(const trial::StepEnded& event, const trial::Moment& at) {
  Running& test = running_[event.id.test];
  test.wait = {};
  if (event.verdict == Verdict::kFailed || event.verdict == Verdict::kErrored) {
    test.bad_steps.push_back(event);
  }
  ShowLive(at);
}

void Console::OnWaitProgress(const trial::WaitProgress& event, const trial::Moment& at) {
  const auto found = running_.find(event.id.test);
  if (found == running_.end()) return;
  found->second.wait = event;
  if (options_.live) {
    ShowLive(at);
  } else {
    TellLongWait(event, at, found->second);
  }
}

// In a plain log a long wait shows a sign of life now and then.
void Console::TellLongWait(const trial::WaitProgress& event, const trial::Moment& at,
                           Running& test) {
  if (options_.quiet) return;
  const bool troubled = !event.cause.empty() && test.told_cause.empty() &&
                        at.instant - test.step_begin.instant >= kTroubledWait;
  if (!troubled && at.instant - test.told < kLongWait) return;
  test.told = at.instant;
  test.told_cause = event.cause;
  std::string text = fmt::format("  {} {} {}: waiting for {} ({})\n", "\xE2\x80\xA6",
                                 NameOf(event.id.test), event.id.Text(), WaitText(event),
                                 base::FormatSpan(at.instant - test.step_begin.instant));
  if (!event.cause.empty()) text += fmt::format("      {}\n", Printable(event.cause));
  Print(Paint(Style::kDim, text));
}

void Console::OnQuiet(const trial::Moment& at) {
  if (!running_.empty()) ShowLive(at);
}

void Console::OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) {
  const Running test = std::exchange(running_[event.id], {});
  running_.erase(event.id);
  ++done_;
  const bool bad = event.verdict == Verdict::kFailed || event.verdict == Verdict::kErrored;
  if (options_.quiet && !bad) return ShowLive(at);
  const std::string span =
      event.verdict == Verdict::kSkipped ? "not reached" : base::FormatSpan(event.took);
  std::string text = fmt::format("  {} {} {}\n", Tick(event.verdict), NameOf(event.id),
                                 Paint(Style::kDim, "(" + span + ")"));
  for (const trial::StepEnded& step : test.bad_steps) {
    text += fmt::format("    {} {} after {}\n", Paint(Style::kBold, step.id.Text()),
                        ToString(step.verdict), base::FormatSpan(step.took));
    text += FailureBlock(step.failures, step.collected, 6);
  }
  if (bad) {
    const std::string step = test.bad_steps.empty() ? "" : " " + test.bad_steps[0].id.Text();
    failed_.push_back(NameOf(event.id) + step);
  }
  Print(text);
  ShowLive(at);
}

void Console::OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) {
  if (event.verdict == Verdict::kPassed) return;
  if (event.verdict == Verdict::kSkipped) {
    if (!event.ns.empty() && !options_.quiet) {
      Print(fmt::format("  {} namespace {} of {} is kept\n", Tick(event.verdict), event.ns,
                        NameOf(event.id)));
    }
  } else {
    failed_.push_back(NameOf(event.id) + " clean-up");
    Print(fmt::format("  {} {} clean-up of namespace {} {} after {}\n", Tick(event.verdict),
                      NameOf(event.id), event.ns, ToString(event.verdict),
                      base::FormatSpan(event.took)) +
          FailureBlock(event.failures, {}, 6));
  }
  ShowLive(at);
}

void Console::OnLogLine(const trial::LogLine& event, const trial::Moment& at) {
  const bool warning = event.severity == trial::Severity::kWarning;
  if (!warning && !options_.verbose) return;
  std::string where;
  if (!event.file.empty()) {
    where = event.line > 0 ? fmt::format("{}:{}:{}: ", event.file, event.line, event.column)
                           : event.file + ": ";
  } else if (!event.id.test.test.empty()) {
    where = NameOf(event.id.test) +
            (event.id.name.empty() && event.id.index < 0 ? "" : " " + event.id.Text()) + ": ";
  }
  const std::string text = Printable(where + event.text);
  Print(warning ? Paint(Style::kWarning, "  warning: ") + text + "\n"
                : "    " + Paint(Style::kDim, text) + "\n");
  ShowLive(at);
}

void Console::OnRunEnded(const trial::RunEnded& event, const trial::Moment&) {
  std::string text;
  if (!event.failures.empty()) {
    text += fmt::format("  {} outside of the tests\n", Tick(Verdict::kErrored));
    text += FailureBlock(event.failures, {}, 4);
  }
  if (failed_.size() > 1) {
    text += "not passed:\n";
    for (const std::string& name : failed_) text += "  " + name + "\n";
  }
  const int total = event.totals.total();
  const bool good = event.verdict == Verdict::kPassed;
  std::string line = total == 0
                         ? "no test ran"
                         : fmt::format("{}: {}", Plural(total, "test"), CountsText(event.totals));
  line += fmt::format(" in {}", base::FormatSpan(event.to_verdict));
  if (event.took > event.to_verdict) {
    line += fmt::format(" (clean-up until {})", base::FormatSpan(event.took));
  }
  if (event.interrupted) line += ", interrupted";
  text += Paint(good && total > 0 ? Style::kGood : Style::kBad, line) + "\n";
  running_.clear();
  Print(text);
}

std::string Console::Paint(Style style, const std::string& text) const {
  if (!options_.color || style == Style::kNone) return text;
  const char* code = style == Style::kBold   ? "1"
                     : style == Style::kDim  ? "2"
                     : style == Style::kGood ? "32"
                     : style == Style::kBad  ? "31"
                                             : "33";
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string Console::Tick(Verdict verdict) const {
  switch (verdict) {
    case Verdict::kPassed:
      return Paint(Style::kGood, "\xE2\x9C\x93");
    case Verdict::kFailed:
      return Paint(Style::kBad, "\xE2\x9C\x97");
    case Verdict::kErrored:
      return Paint(Style::kBad, "!");
    case Verdict::kSkipped:
      break;
  }
  return Paint(Style::kDim, "-");
}

std::string Console::NameOf(const trial::TestId& id) const {
  return suites_ > 1 ? fmt::format("{}/{}", id.suite, id.test) : id.test;
}

std::string Console::FailureBlock(const std::vector<trial::Failure>& failures,
                                  const std::vector<std::string>& collected, size_t indent) const {
  std::string text;
  std::string description = Describe(failures, collected);
  if (!description.empty()) description.pop_back();  // the last line break
  if (description.empty()) return "";
  for (const std::string& line : base::Split(description, '\n')) {
    if (!line.empty()) text += std::string(indent, ' ') + PaintLine(line);
    text += '\n';
  }
  return text;
}

// Lines of diffs in their usual colors.
std::string Console::PaintLine(const std::string& line) const {
  if (line[0] == '-') return Paint(Style::kBad, line);
  if (line[0] == '+') return Paint(Style::kGood, line);
  return line.compare(0, 2, "@@") == 0 ? Paint(Style::kDim, line) : line;
}

void Console::Print(const std::string& text) {
  live_.PrintAbove(text);
}

// What a running test waits for, how far it is from it, and why: each on a line of its own where
// there is room, because a line that is cut off loses its end.
std::vector<std::string> Console::LiveLines(const trial::TestId& id, const Running& test,
                                            bool roomy, const trial::Moment& at) const {
  const base::Duration time = at.instant - test.step_begin.instant;
  const std::string what = roomy ? SubjectText(test.wait) : WaitText(test.wait);
  const std::string all = base::Join({test.step, base::FormatSpan(time), what}, " ");
  std::vector<std::string> lines = {
      fmt::format("  \xE2\x80\xA6 {} {}", NameOf(id), base::Trim(all))};
  if (roomy && !test.wait.mismatch.empty())
    lines.push_back("      " + Printable(test.wait.mismatch));
  if (!test.wait.cause.empty()) lines.push_back("      why: " + Printable(test.wait.cause));
  return lines;
}

void Console::ShowLive(const trial::Moment& at) {
  if (!options_.live) return;
  std::vector<std::string> lines;
  size_t hidden = 0;
  const bool roomy = running_.size() * kLinesOfATest + 3 <= options_.height;
  for (const auto& [id, test] : running_) {
    if (lines.size() + kLinesOfATest + 1 > options_.height) {
      ++hidden;
      continue;
    }
    for (std::string& line : LiveLines(id, test, roomy, at)) lines.push_back(std::move(line));
  }
  if (hidden > 0) lines.push_back(fmt::format("  \xE2\x80\xA6 and {} more", hidden));
  if (!lines.empty()) lines.push_back(fmt::format("  {} of {} done", done_, tests_));
  for (std::string& line : lines) std::replace(line.begin(), line.end(), '\n', ' ');
  live_.Show(lines);
}

}  // namespace report
