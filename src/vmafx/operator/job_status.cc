#include "vmafx/operator/job_status.h"

#include <algorithm>
#include <cmath>

#include "base/parse_time.h"
#include "vmafx/api/names.h"
#include "vmafx/operator/job_request.h"

namespace vmafx::operators {
namespace {

// As batch/v1 Job names them, so that `kubectl wait --for=condition=Complete` works.
constexpr char kComplete[] = "Complete";
constexpr char kFailedCondition[] = "Failed";

std::string FromUnix(int64_t seconds) {
  return base::FormatTime(base::WallTime(std::chrono::seconds(seconds)));
}

std::string PhaseOf(const rpc::Job& scoring) {
  switch (scoring.status()) {
    case rpc::RUNNING:
      return std::string(api::kRunning);
    case rpc::COMPLETED:
      return std::string(std::isfinite(scoring.final_score()) ? api::kSucceeded : api::kFailed);
    case rpc::FAILED:
    case rpc::CANCELLED:
      return std::string(api::kFailed);
    default:
      return std::string(api::kPending);
  }
}

void TakeResult(const rpc::Job& scoring, api::JobStatus& status) {
  status.score = scoring.final_score();
  if (scoring.has_pooled()) {
    const auto& pooled = scoring.pooled();
    status.pooled = {pooled.mean(), pooled.harmonic_mean(), pooled.min(), pooled.p1(), pooled.p5()};
  }
  status.features = {scoring.features().begin(), scoring.features().end()};
  if (scoring.has_provenance()) {
    const auto& made = scoring.provenance();
    status.provenance = {made.engine(),       made.library(),
                         made.model(),        made.model_sha256(),
                         made.backend_used(), static_cast<int64_t>(scoring.pooled().frames())};
  }
}

std::string FailureMessage(const rpc::Job& scoring) {
  if (scoring.status() == rpc::CANCELLED) return "cancelled by controller";
  if (scoring.status() == rpc::COMPLETED) return "the controller has a score that is not a number";
  return scoring.error().empty() ? "the worker reported a failure without a reason"
                                 : scoring.error();
}

// Why an unfinished job does not get on, or "".
std::string Obstacle(const JobView& view) {
  if (!view.obstacle.empty()) return view.obstacle;
  if (view.grant && !view.grant->granted) return view.grant->message;
  const WorkerPod* worker = ActiveWorker(view.pods, view.now);
  if (worker == nullptr || worker->trouble.empty()) return "";
  return fmt::format("worker Pod {}: {}", worker->key.name, worker->trouble);
}

void SetTimes(const JobView& view, api::JobStatus& status) {
  const rpc::Job& scoring = *view.scoring;
  if (status.started_at.empty() && scoring.started_at() > 0) {
    status.started_at = FromUnix(scoring.started_at());
  }
  if (!status.Finished() || !status.finished_at.empty()) return;
  status.finished_at =
      scoring.finished_at() > 0 ? FromUnix(scoring.finished_at()) : base::FormatTime(view.now);
  status.finished_at = std::max(status.finished_at, status.started_at);
}

void SetConditions(const JobView& view, api::JobStatus& status) {
  const std::string now = base::FormatTime(view.now);
  const int64_t generation = view.job.generation;
  auto set = [&](const std::string& type, bool holds, const std::string& reason,
                 const std::string& message) {
    status.Set({type, holds ? "True" : "False", reason, message, "", generation}, now);
  };
  const std::string queued(api::kQueuedCondition);
  if (view.grant && !view.grant->granted && !status.Finished()) {
    set(queued, true, view.grant->reason, view.grant->message);
  } else if (status.Find(queued) != nullptr && (view.grant || !view.pods.empty())) {
    set(queued, false, "SlotFound", "");
  }
  if (FallsBackToCpu(view.job.spec)) {
    set(std::string(api::kBackendFallbackCondition), true, "BackendNotAvailable",
        fmt::format("scored on cpu instead of {}, as spec.fallback allows", view.job.spec.backend));
  }
  const std::string scheduled(api::kWorkerScheduledCondition);
  const WorkerPod* worker = ActiveWorker(view.pods, view.now);
  if (worker != nullptr && !worker->unschedulable.empty() && !status.Finished()) {
    set(scheduled, false, "Unschedulable", worker->unschedulable);
  } else if (status.Find(scheduled) != nullptr && worker != nullptr &&
             !worker->kubernetes_node.empty()) {
    set(scheduled, true, "Scheduled", "");
  }
  if (status.phase == api::kSucceeded) set(kComplete, true, "Scored", "");
  if (status.phase == api::kFailed) {
    const bool cancelled = view.scoring && view.scoring->status() == rpc::CANCELLED;
    set(kFailedCondition, true, cancelled ? "Cancelled" : "ScoringFailed", status.message);
  }
}

}  // namespace

bool IsOver(rpc::JobStatus status) {
  return status == rpc::COMPLETED || status == rpc::FAILED || status == rpc::CANCELLED;
}

const WorkerPod* ActiveWorker(const std::vector<WorkerPod>& pods, base::WallTime now) {
  const WorkerPod* active = nullptr;
  for (const WorkerPod& pod : pods) {
    const auto end = base::ParseTime(pod.deletes_at);
    if (pod.ended || (end && *end <= now)) continue;
    if (active == nullptr || pod.attempt > active->attempt) active = &pod;
  }
  return active;
}

const WorkerPod* LastWorker(const std::vector<WorkerPod>& pods) {
  auto last = std::max_element(
      pods.begin(), pods.end(),
      [](const WorkerPod& a, const WorkerPod& b) { return a.attempt < b.attempt; });
  return last == pods.end() ? nullptr : &*last;
}

int AttemptsSoFar(const api::Job& job, const std::vector<WorkerPod>& pods) {
  const WorkerPod* last = LastWorker(pods);
  return std::max(job.status.attempts, last == nullptr ? 0 : last->attempt);
}

api::JobStatus NextStatus(const JobView& view) {
  api::JobStatus status = view.job.status;
  status.observed_generation = view.job.generation;
  status.attempts = AttemptsSoFar(view.job, view.pods);
  if (const WorkerPod* worker = LastWorker(view.pods)) {
    const std::string node =
        worker->vmafx_node.empty() ? worker->kubernetes_node : worker->vmafx_node;
    if (!node.empty()) status.assigned_node = node;
  }
  if (!view.scoring) {
    status.phase = api::kPending;
    status.message = Obstacle(view);
    SetConditions(view, status);
    return status;
  }
  status.controller_job_id = view.scoring->id();
  status.phase = PhaseOf(*view.scoring);
  if (status.phase == api::kSucceeded) {
    TakeResult(*view.scoring, status);
    status.message.clear();
  } else {
    status.message = status.phase == api::kFailed ? FailureMessage(*view.scoring) : Obstacle(view);
  }
  SetTimes(view, status);
  SetConditions(view, status);
  return status;
}

api::JobStatus RefusedStatus(const api::Job& job, const std::string& why, base::WallTime now) {
  api::JobStatus status = job.status;
  const std::string time = base::FormatTime(now);
  status.observed_generation = job.generation;
  status.phase = api::kFailed;
  status.message = why;
  if (status.finished_at.empty()) status.finished_at = time;
  status.Set({kFailedCondition, "True", "InvalidSpec", why, "", job.generation}, time);
  return status;
}

}  // namespace vmafx::operators
