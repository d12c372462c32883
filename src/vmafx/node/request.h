#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmafx/node/assignment.h"
#include "vmafx/node/inputs.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

struct Capacity {
  std::vector<std::filesystem::path> roots;  // local inputs are read from below these only
  std::string backend = "cpu";               // the one that scores here
  unsigned threads = 1;
  std::filesystem::path ffmpeg;  // decodes containers; empty: there is none
  SourceOptions sources;
};

// What to score for `job`, with its inputs found, opened, and fetched as far as they must be
// (inputs.h). Errors are the job's failure: first all problems that can be told without reading
// the videos, each by name. Blocks for as long as fetching takes; kTimeout, kCancelled: `until`.
base::Result<scoring::ScoreRequest> BuildRequest(const Assignment& job, const Capacity& capacity,
                                                 const base::Log& log, const base::Until& until);

// kInternal naming the first value that is not a finite number.
base::Result<> CheckNumbers(const scoring::ScoreReport& report);

}  // namespace vmafx::node
