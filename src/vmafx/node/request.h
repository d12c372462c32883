#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmafx/node/assignment.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

struct Capacity {
  std::vector<std::filesystem::path> roots;  // inputs are read from below these only
  std::string backend = "cpu";               // the one that scores here
  unsigned threads = 1;
};

// What to score for `job`, with its inputs found. Errors are the job's failure: all problems that
// can be told without reading the videos, each by name.
base::Result<scoring::ScoreRequest> BuildRequest(const Assignment& job, const Capacity& capacity);

// kInternal naming the first value that is not a finite number.
base::Result<> CheckNumbers(const scoring::ScoreReport& report);

}  // namespace vmafx::node
