#include "report/record.h"

#include <algorithm>

namespace report {

trial::Verdict VerdictOf(const TestRecord& test) {
  const trial::Verdict verdict = test.ended ? test.ended->verdict : trial::Verdict::kErrored;
  // One that is skipped was kept because somebody asked for it.
  if (!test.cleanup || test.cleanup->verdict == trial::Verdict::kSkipped) return verdict;
  return verdict == trial::Verdict::kSkipped ? verdict : Worse(verdict, test.cleanup->verdict);
}

void Recorder::OnRunStarted(const trial::RunStarted& event, const trial::Moment& at) {
  run_.started = event;
  run_.begin = at;
}

void Recorder::OnRunEnded(const trial::RunEnded& event, const trial::Moment&) {
  run_.ended = event;
}

void Recorder::OnSuiteStarted(const trial::SuiteStarted& event, const trial::Moment& at) {
  suites_[event.suite] = run_.suites.size();
  run_.suites.push_back({event, at, {}, {}});
}

void Recorder::OnSuiteEnded(const trial::SuiteEnded& event, const trial::Moment&) {
  const auto found = suites_.find(event.suite);
  if (found != suites_.end()) run_.suites[found->second].ended = event;
}

void Recorder::OnTestStarted(const trial::TestStarted& event, const trial::Moment& at) {
  const auto found = suites_.find(event.id.suite);
  if (found == suites_.end()) return;
  std::vector<TestRecord>& tests = run_.suites[found->second].tests;
  tests_[event.id] = {found->second, tests.size()};
  tests.push_back({event, at, {}, {}, {}});
}

void Recorder::OnTestEnded(const trial::TestEnded& event, const trial::Moment&) {
  if (TestRecord* test = FindTest(event.id)) test->ended = event;
}

void Recorder::OnStepStarted(const trial::StepStarted& event, const trial::Moment& at) {
  if (TestRecord* test = FindTest(event.id.test)) test->steps.push_back({event, at, {}});
}

void Recorder::OnStepEnded(const trial::StepEnded& event, const trial::Moment&) {
  TestRecord* test = FindTest(event.id.test);
  if (test == nullptr) return;
  const auto step = std::find_if(test->steps.rbegin(), test->steps.rend(), [&](const auto& each) {
    return each.started.id.index == event.id.index && !each.ended;
  });
  if (step != test->steps.rend()) step->ended = event;
}

void Recorder::OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment&) {
  if (TestRecord* test = FindTest(event.id)) test->cleanup = event;
}

TestRecord* Recorder::FindTest(const trial::TestId& id) {
  const auto found = tests_.find(id);
  if (found == tests_.end()) return nullptr;
  return &run_.suites[found->second.suite].tests[found->second.test];
}

}  // namespace report
