#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

// How far a job is: frames read, and the scores of those that are known (not every engine can tell
// them before the end).
struct Partial {
  uint64_t frames_done = 0;
  uint64_t frames_total = 0;  // 0: not known
  uint64_t first = 0;         // in a report: the frame of scores[0]
  std::vector<double> scores;
};

// The partial results of running jobs, in memory: a view of the work in progress that is never
// written; the final report brings all frames. Thread-safe, never blocks.
class Partials {
 public:
  // Keeps the progress; replaces the scores from frame `first` on. False when scores of frames
  // before `first` are missing (a new attempt, a restarted controller): send from frame 0 again.
  bool Add(const std::string& job, int32_t attempt, const Partial& report);
  Partial Of(const std::string& job) const;
  // Forgets jobs that do not run any more.
  void Observe(const Job& job);

 private:
  struct Attempt {
    int32_t number = 0;
    Partial partial;
  };
  base::Guarded<std::map<std::string, Attempt>> jobs_;
};

}  // namespace vmafx::controller
