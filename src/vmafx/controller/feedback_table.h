#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmafx/controller/job.h"
#include "vmafx/controller/sqlite.h"

namespace vmafx::controller {

// The table of samples that wait for their trainers. On the writer's thread.

struct WaitingSample {
  int64_t id = 0;
  std::string job;
  std::string sample;
};

// How many samples one job may leave: one for each trainer of its namespace.
inline constexpr size_t kMostFeedback = 64;

// kInvalid names what is wrong: too many, not a line of the format, of another job. Any thread.
base::Result<> CheckSamples(const std::string& job, const std::vector<Feedback>& feedback);
// kInvalid: not a trainer of the job's namespace.
base::Result<> CheckTrainers(const Job& job, const std::vector<Feedback>& feedback);

// A sample that waits already is kept as it is.
base::Result<> InsertFeedback(Database& database, const std::string& job,
                              const std::vector<Feedback>& feedback, int64_t now);
// Who has samples waiting.
base::Result<std::vector<std::string>> WaitingTrainers(Database& database);
// The oldest ones of a trainer.
base::Result<std::vector<WaitingSample>> WaitingSamples(Database& database,
                                                        const std::string& trainer, int64_t most);
base::Result<> DeleteFeedback(Database& database, const std::vector<int64_t>& ids);
// Deletes samples from before `before` (Unix seconds), and the oldest of more than `most`; how
// many.
base::Result<int64_t> ExpireFeedback(Database& database, int64_t before, int64_t most);
base::Result<int64_t> CountFeedback(Database& database);

}  // namespace vmafx::controller
