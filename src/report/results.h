#pragma once

// The tree that JUnit XML and JSON reports print: suites of suites of cases, as kuttl nests them.

#include <string>
#include <vector>

#include "base/clock.h"
#include "report/record.h"

namespace report {

// kStep: a sub-suite for each test, a case for its set-up and each step. kTest: a case for each
// test.
enum class Granularity { kStep, kTest };

struct CaseResult {
  std::string classname;
  std::string name;
  base::WallTime timestamp{};
  base::Duration time{};
  int assertions = 0;
  trial::Verdict verdict = trial::Verdict::kPassed;
  std::string message;  // in one line; why it is not passed
  std::string text;     // all there is to say
  std::vector<trial::Failure> failures;
  std::vector<std::string> collected;
};

struct SuiteResult {
  std::string name;
  base::WallTime timestamp{};
  base::Duration time{};
  std::vector<CaseResult> cases;
  std::vector<SuiteResult> suites;

  // Of all cases in it and below.
  trial::Totals Count() const;
};

// Suites sorted by name, tests by name, steps in the order they ran; steps that were not reached
// are skipped cases. What went wrong outside of the steps is a case too: "clean-up" of a test, and
// a suite "run" for set-up and clean-up of the whole.
SuiteResult MakeResults(const RunRecord& run, Granularity granularity);

}  // namespace report
