#include "report/results.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/words.h"

namespace report {
namespace {

using trial::Verdict;

std::string CaseName(const trial::StepId& id) {
  return id.index < 0 ? id.Text() : "step " + id.Text();
}

// "failed in step 1-ready: Deployment a/web: .spec.replicas: expected 3, found 2".
std::string Message(const CaseResult& result, const std::string& where) {
  const std::string headline = Headline(result.failures);
  return fmt::format("{} in {}{}{}", ToString(result.verdict), where, headline.empty() ? "" : ": ",
                     headline);
}

CaseResult StepCase(const StepRecord& step) {
  CaseResult result;
  result.classname = step.started.id.test.test;
  result.name = CaseName(step.started.id);
  result.timestamp = step.begin.wall;
  result.assertions = step.started.assertions;
  if (!step.ended) {
    result.verdict = Verdict::kErrored;
    result.message = result.text = "the run ended before this step did";
    return result;
  }
  result.time = step.ended->took;
  result.verdict = step.ended->verdict;
  result.failures = step.ended->failures;
  result.collected = step.ended->collected;
  if (result.verdict == Verdict::kSkipped) {
    result.message = result.failures.empty() ? "not reached" : Headline(result.failures);
  } else if (result.verdict != Verdict::kPassed) {
    result.message = Message(result, CaseName(step.started.id));
    result.text = Describe(result.failures, result.collected);
  }
  return result;
}

// The steps that the runner did not come to: it need not name them.
void AddNotReached(const TestRecord& test, std::vector<CaseResult>& cases) {
  const auto reached = static_cast<int>(
      std::count_if(test.steps.begin(), test.steps.end(),
                    [](const StepRecord& step) { return step.started.id.index >= 0; }));
  for (int i = reached + 1; i <= test.started.steps; ++i) {
    CaseResult result;
    result.classname = test.started.id.test;
    result.name = fmt::format("step {} of {}", i, test.started.steps);
    result.timestamp = test.begin.wall + (test.ended ? test.ended->took : base::Duration{});
    result.verdict = Verdict::kSkipped;
    result.message = "not reached";
    cases.push_back(std::move(result));
  }
}

bool CleanupIsBad(const TestRecord& test) {
  return test.cleanup &&
         (test.cleanup->verdict == Verdict::kFailed || test.cleanup->verdict == Verdict::kErrored);
}

CaseResult CleanupCase(const TestRecord& test) {
  CaseResult result;
  result.classname = test.started.id.test;
  result.name = "clean-up";
  result.timestamp = test.begin.wall + (test.ended ? test.ended->took : base::Duration{});
  result.time = test.cleanup->took;
  result.verdict = test.cleanup->verdict;
  result.failures = test.cleanup->failures;
  result.message = Message(result, "clean-up of namespace " + test.cleanup->ns);
  result.text = Describe(result.failures, {});
  return result;
}

std::vector<CaseResult> StepCases(const TestRecord& test) {
  std::vector<CaseResult> cases;
  for (const StepRecord& step : test.steps) cases.push_back(StepCase(step));
  AddNotReached(test, cases);
  if (CleanupIsBad(test)) cases.push_back(CleanupCase(test));
  return cases;
}

base::Duration TimeOf(const TestRecord& test) {
  return test.ended ? test.ended->took : base::Duration{};
}

SuiteResult TestAsSuite(const TestRecord& test) {
  SuiteResult result;
  result.name = test.started.id.test;
  result.timestamp = test.begin.wall;
  result.time = TimeOf(test);
  result.cases = StepCases(test);
  return result;
}

CaseResult TestAsCase(const TestRecord& test) {
  CaseResult result;
  result.classname = BaseName(test.started.id.suite);
  result.name = test.started.id.test;
  result.timestamp = test.begin.wall;
  result.time = TimeOf(test);
  result.verdict = test.ended ? test.ended->verdict : Verdict::kErrored;
  for (const CaseResult& part : StepCases(test)) {
    result.assertions += part.assertions;
    if (part.verdict == Verdict::kPassed || part.verdict == Verdict::kSkipped) continue;
    result.verdict = Worse(result.verdict, part.verdict);
    if (result.message.empty()) result.message = part.message;
    result.text += (result.text.empty() ? "" : "\n") + part.text;
    result.failures.insert(result.failures.end(), part.failures.begin(), part.failures.end());
    result.collected.insert(result.collected.end(), part.collected.begin(), part.collected.end());
  }
  if (result.verdict == Verdict::kSkipped) result.message = "not reached";
  return result;
}

SuiteResult SuiteOf(const SuiteRecord& suite, Granularity granularity) {
  SuiteResult result;
  result.name = suite.started.suite;
  result.timestamp = suite.begin.wall;
  if (suite.ended) result.time = suite.ended->took;
  std::vector<const TestRecord*> tests;
  for (const TestRecord& test : suite.tests) tests.push_back(&test);
  std::stable_sort(tests.begin(), tests.end(), [](const auto* one, const auto* other) {
    return one->started.id.test < other->started.id.test;
  });
  for (const TestRecord* test : tests) {
    if (granularity == Granularity::kStep) {
      result.suites.push_back(TestAsSuite(*test));
    } else {
      result.cases.push_back(TestAsCase(*test));
    }
  }
  return result;
}

// What went wrong outside of any test, so that a report without a failure means success.
SuiteResult RunSuite(const RunRecord& run) {
  CaseResult result;
  result.classname = "run";
  result.name = "set-up and clean-up";
  result.timestamp = run.begin.wall;
  result.verdict = Verdict::kErrored;
  if (!run.ended) {
    result.message = result.text = "the run was cut off";
  } else {
    result.failures = run.ended->failures;
    result.message = run.ended->interrupted ? "interrupted" : Headline(result.failures);
    result.text = Describe(result.failures, {});
  }
  SuiteResult suite;
  suite.name = "run";
  suite.timestamp = run.begin.wall;
  suite.cases.push_back(std::move(result));
  return suite;
}

}  // namespace

trial::Totals SuiteResult::Count() const {
  trial::Totals totals;
  for (const CaseResult& each : cases) totals.Add(each.verdict);
  for (const SuiteResult& each : suites) {
    const trial::Totals below = each.Count();
    totals.passed += below.passed;
    totals.failed += below.failed;
    totals.errored += below.errored;
    totals.skipped += below.skipped;
  }
  return totals;
}

SuiteResult MakeResults(const RunRecord& run, Granularity granularity) {
  SuiteResult root;
  root.name = run.started.name;
  root.timestamp = run.begin.wall;
  if (run.ended) root.time = run.ended->took;
  for (const SuiteRecord& suite : run.suites) root.suites.push_back(SuiteOf(suite, granularity));
  std::stable_sort(root.suites.begin(), root.suites.end(),
                   [](const auto& one, const auto& other) { return one.name < other.name; });
  if (!run.ended || run.ended->interrupted || !run.ended->failures.empty()) {
    root.suites.push_back(RunSuite(run));
  }
  return root;
}

}  // namespace report
