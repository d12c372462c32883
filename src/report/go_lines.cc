#include "report/go_lines.h"

#include <fmt/format.h>

namespace report {
namespace {

using trial::Verdict;

const char* Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "PASS";
    case Verdict::kSkipped:
      return "SKIP";
    default:
      return "FAIL";
  }
}

std::string Line(size_t indent, Verdict verdict, const std::string& name, base::Duration took) {
  return fmt::format("{:{}}--- {}: {} ({:.2f}s)\n", "", indent, Word(verdict), name,
                     std::chrono::duration<double>(took).count());
}

}  // namespace

void GoLines::OnTestEnded(const trial::TestEnded& event, const trial::Moment&) {
  order_.push_back(event.id);
  tests_[event.id] = event;
}

void GoLines::OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment&) {
  if (event.verdict == Verdict::kSkipped) return;
  tests_[event.id].verdict = trial::Worse(tests_[event.id].verdict, event.verdict);
}

void GoLines::OnRunEnded(const trial::RunEnded& event, const trial::Moment&) {
  out_ << Line(0, event.verdict, "kuttl", event.took);
  if (!order_.empty()) out_ << Line(4, event.verdict, "kuttl/harness", event.to_verdict);
  // As Go does it, tests of the same name in other suites get a number.
  std::map<std::string, int> seen;
  for (const trial::TestId& id : order_) {
    const int earlier = seen[id.test]++;
    const std::string name = earlier == 0 ? id.test : fmt::format("{}#{:02}", id.test, earlier);
    out_ << Line(8, tests_[id].verdict, "kuttl/harness/" + name, tests_[id].took);
  }
  out_ << (Word(event.verdict) == std::string("FAIL") ? "FAIL\n" : "PASS\n") << std::flush;
}

}  // namespace report
