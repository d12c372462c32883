#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmafx/api/job.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/dispatch.h"
#include "vmafx/operator/worker_pod.h"

namespace vmafx::operators {

inline constexpr int kMostAttempts = 3;

// All that the status of a job is made of.
struct JobView {
  api::Job job;
  std::optional<rpc::Job> scoring;  // as the controller has it; nullopt: not submitted yet
  std::vector<WorkerPod> pods;      // of this job (by UID), any order
  std::optional<Grant> grant;       // when a slot was looked for
  std::string obstacle;             // what failed just now and is tried again, or ""
  base::WallTime now;
};

// The status as it should be. Pure, and the same for the same view: writing it only when it differs
// from the stored one makes every step safe to repeat.
api::JobStatus NextStatus(const JobView& view);

// The status of a job that can never run as it is written.
api::JobStatus RefusedStatus(const api::Job& job, const std::string& why, base::WallTime now);

// Whether the controller's job is over, whatever its end.
bool IsOver(rpc::JobStatus status);

// The worker that is still at it: not ended, and not past the time it had to end. Null when there
// is none.
const WorkerPod* ActiveWorker(const std::vector<WorkerPod>& pods, base::WallTime now);
// The worker with the highest attempt; null when there is no Pod.
const WorkerPod* LastWorker(const std::vector<WorkerPod>& pods);
// How many workers were made so far, as far as the status or the Pods still show.
int AttemptsSoFar(const api::Job& job, const std::vector<WorkerPod>& pods);

}  // namespace vmafx::operators
