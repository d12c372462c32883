#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

// The per-frame scores of running jobs so far, in memory: a view of the work in progress that is
// never written; the final report brings all frames. Thread-safe, never blocks.
class PartialScores {
 public:
  // Scores of frame `first` and following, replacing what was there from `first` on. False when
  // frames before `first` are missing (a new attempt, a restarted controller): send from 0 again.
  bool Add(const std::string& job, int32_t attempt, uint64_t first,
           const std::vector<double>& scores);
  std::vector<double> Of(const std::string& job) const;
  // Forgets jobs that do not run any more.
  void Observe(const Job& job);

 private:
  struct Scores {
    int32_t attempt = 0;
    std::vector<double> values;
  };
  base::Guarded<std::map<std::string, Scores>> scores_;
};

}  // namespace vmafx::controller
