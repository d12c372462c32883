#pragma once

// What runs, in which order. Pure: values in, values out.

#include <string>
#include <vector>

#include "base/result.h"
#include "trial/events.h"
#include "trial/suite.h"

namespace trial {

struct PlannedTest {
  Test test;
  TestId id;
  std::string artifacts;  // its folder below the artifacts folder; unique in the plan
};

// Tests in the order they start: suites as given, tests by name. A suite given twice runs once.
struct Plan {
  std::vector<std::string> suites;
  std::vector<PlannedTest> tests;
  int left_out = 0;  // tests that `only` does not select
};

// Keeps the tests whose name `only` (a regular expression, found anywhere in it) matches; all when
// it is empty. kInvalid for a bad expression.
base::Result<Plan> MakePlan(std::vector<Test> tests, const std::string& only);

}  // namespace trial
