#include "vmafx/operator/job_reconciler.h"

#include <algorithm>

#include "base/parse_time.h"
#include "vmafx/api/names.h"
#include "vmafx/operator/job_request.h"

namespace vmafx::operators {
namespace {

using ctrl::Outcome;

// An unfinished job is looked at now and then even when nothing was heard: a controller that lost
// its database says nothing about the jobs that it no longer has.
constexpr auto kSecondLook = std::chrono::seconds(60);

bool HasFinalizer(const api::Job& job) {
  return std::find(job.finalizers.begin(), job.finalizers.end(), api::kJobCancelFinalizer) !=
         job.finalizers.end();
}

bool Holds(const api::JobStatus& status, std::string_view condition) {
  const api::Condition* found = status.Find(condition);
  return found != nullptr && found->status == "True";
}

// The time until `when`, at least a second.
base::Duration TimeTo(base::WallTime when, base::WallTime now) {
  return std::max<base::Duration>(when - now, std::chrono::seconds(1));
}

// When this has to be looked at again although nothing changes.
Outcome NextLook(const JobView& view) {
  base::Duration next = kSecondLook;
  for (const WorkerPod& pod : view.pods) {
    const auto end = base::ParseTime(pod.deletes_at);
    if (end && !pod.ended && *end > view.now) next = std::min(next, TimeTo(*end, view.now));
  }
  return Outcome::Again(next);
}

}  // namespace

JobReconciler::JobReconciler(kube::Client& client, kube::Store& jobs, ControllerClient& controller,
                             JobBoard& board, Staffing& staffing, base::Clock& clock, base::Log log)
    : client_(client),
      jobs_(jobs),
      controller_(controller),
      board_(board),
      staffing_(staffing),
      clock_(clock),
      log_(log),
      events_(client, clock, log) {}

base::Result<Outcome> JobReconciler::Reconcile(const kube::Key& key, const base::Until& until) {
  const kube::ObjectPtr object = jobs_.Find(key);
  if (object == nullptr) {
    board_.Forget(key);
    return Outcome::Done();
  }
  Turn turn{*object, TRY(api::ReadJob(*object))};
  if (turn.job.deleting) return Dismiss(turn, until);
  if (turn.job.status.Finished()) return Retire(turn, until);
  return Advance(turn, until);
}

base::Result<Outcome> JobReconciler::Advance(Turn& turn, const base::Until& until) {
  TRY(SetFinalizer(turn, true, until));
  JobView view{turn.job, {}, staffing_.PodsOf(turn.job), {}, "", clock_.WallNow()};
  auto found = FindSubmitted(turn.job, until);
  base::Result<> staffed = base::Ok();
  if (!found.ok()) {
    staffed = std::move(found).error();
  } else if (*found) {
    view.scoring = std::move(**found);
  } else {
    auto request = MakeSubmitRequest(turn.job);
    auto job =
        request.ok() ? Submit(*request, until) : base::Result<rpc::Job>(std::move(request).error());
    if (job.Is(base::Code::kInvalid)) {
      TRY(SetStatus(turn, RefusedStatus(turn.job, job.error().message(), view.now), until));
      return Outcome::Done();
    }
    if (job.ok()) {
      view.scoring = *std::move(job);
    } else {
      staffed = std::move(job).error();
    }
  }
  if (view.scoring && !IsOver(view.scoring->status())) staffed = Staff(view, until);
  if (!staffed.ok() && until.Over()) return std::move(staffed).error();
  if (!staffed.ok()) view.obstacle = staffed.error().message();
  TRY(SetStatus(turn, NextStatus(view), until));
  TRY(std::move(staffed));
  return turn.job.status.Finished() ? Outcome::Done() : NextLook(view);
}

base::Result<std::optional<rpc::Job>> JobReconciler::FindSubmitted(const api::Job& job,
                                                                   const base::Until& until) {
  auto known = board_.Find(job.uid);
  if (known) return known;
  if (job.status.controller_job_id.empty()) return std::optional<rpc::Job>();
  auto stored = controller_.Get(job.status.controller_job_id, until);
  if (stored.Is(base::Code::kNotFound)) return std::optional<rpc::Job>();
  return std::optional<rpc::Job>(TRY(std::move(stored)));
}

base::Result<rpc::Job> JobReconciler::Submit(const rpc::SubmitJobRequest& request,
                                             const base::Until& until) {
  return controller_.Get(TRY(controller_.Submit(request, until)), until);
}

base::Result<> JobReconciler::Staff(JobView& view, const base::Until& until) {
  if (ActiveWorker(view.pods, view.now) != nullptr) return base::Ok();
  const int attempts = AttemptsSoFar(view.job, view.pods);
  if (attempts > 0) {
    TRY(SettleLostWorker(view, until));
    if (IsOver(view.scoring->status())) return base::Ok();
  }
  view.grant = TRY(staffing_.Staff(view.job, attempts + 1, view.scoring->id(), until));
  if (!view.grant->granted) return base::Ok();
  view.pods = staffing_.PodsOf(view.job);
  return base::Ok();
}

base::Result<> JobReconciler::SettleLostWorker(JobView& view, const base::Until& until) {
  // The worker's report reaches the controller before its Pod ends, but our copy may be behind.
  const std::string id = view.scoring->id();
  view.scoring = TRY(controller_.Get(id, until));
  if (IsOver(view.scoring->status())) return base::Ok();
  const int attempts = AttemptsSoFar(view.job, view.pods);
  const WorkerPod* last = LastWorker(view.pods);
  const std::string name = WorkerName(view.job.key.name, attempts);
  const bool seen_ending = last != nullptr && last->attempt == attempts && last->ended;
  const std::string reason = fmt::format("worker Pod {} ended without a result: {}", name,
                                         seen_ending ? last->end : std::string("it was deleted"));
  events_.Warning(view.job, "WorkerLost", reason, until);
  rpc::ReleaseJobRequest request;
  request.set_job_id(id);
  request.set_give_up(attempts >= kMostAttempts);
  request.set_reason(request.give_up()
                         ? fmt::format("gave up after {} attempts; the last {}", attempts, reason)
                         : reason);
  if (!request.give_up()) {
    if (view.scoring->status() != rpc::RUNNING) return base::Ok();
    request.set_assigned_node(view.scoring->assigned_node());
  }
  view.scoring = TRY(controller_.Release(request, until));
  return base::Ok();
}

base::Result<Outcome> JobReconciler::Retire(Turn& turn, const base::Until& until) {
  const api::Job& job = turn.job;
  board_.Forget(job.key);
  const api::Condition* failed = job.status.Find("Failed");
  if (failed != nullptr && failed->reason == "Cancelled") {
    TRY(staffing_.DeleteRunning(staffing_.PodsOf(job), until));
  }
  TRY(SetFinalizer(turn, false, until));
  const auto finished = base::ParseTime(job.status.finished_at);
  if (!job.spec.ttl_seconds_after_finished || !finished) return Outcome::Done();
  const base::WallTime end = *finished + std::chrono::seconds(*job.spec.ttl_seconds_after_finished);
  if (end > clock_.WallNow()) return Outcome::Again(TimeTo(end, clock_.WallNow()));
  kube::DeleteOptions options;
  options.uid = job.uid;
  options.propagation = kube::Propagation::kBackground;
  auto deleted = client_.Delete(kJobKind, job.key, options, until);
  if (!deleted.ok() && !deleted.Is(base::Code::kNotFound)) return std::move(deleted).error();
  log_.Info("finished job removed, its ttlSecondsAfterFinished is over", {{"job", job.key.Text()}});
  return Outcome::Done();
}

base::Result<Outcome> JobReconciler::Dismiss(Turn& turn, const base::Until& until) {
  if (HasFinalizer(turn.job)) {
    if (!turn.job.status.Finished()) TRY(CancelAtController(turn.job, until));
    TRY(staffing_.DeleteRunning(staffing_.PodsOf(turn.job), until));
    TRY(SetFinalizer(turn, false, until));
  }
  board_.Forget(turn.job.key);
  return Outcome::Done();
}

base::Result<> JobReconciler::CancelAtController(const api::Job& job, const base::Until& until) {
  std::string id = job.status.controller_job_id;
  if (id.empty()) {
    // It may have been submitted just before a crash. Submitting again gives that job's id; a job
    // that cannot be submitted was not.
    auto request = MakeSubmitRequest(job);
    if (!request.ok()) return base::Ok();
    auto submitted = controller_.Submit(*request, until);
    if (submitted.Is(base::Code::kInvalid)) return base::Ok();
    id = TRY(std::move(submitted));
  }
  auto cancelled = controller_.Cancel(id, until);
  if (!cancelled.ok() && !cancelled.Is(base::Code::kNotFound)) return cancelled;
  log_.Info("job cancelled, its VmafxJob is being deleted", {{"job", job.key.Text()}, {"id", id}});
  return base::Ok();
}

base::Result<> JobReconciler::SetFinalizer(Turn& turn, bool present, const base::Until& until) {
  if (HasFinalizer(turn.job) == present) return base::Ok();
  std::vector<std::string> finalizers = turn.job.finalizers;
  const std::string ours(api::kJobCancelFinalizer);
  if (present) {
    finalizers.push_back(ours);
  } else {
    finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), ours), finalizers.end());
  }
  // The list is replaced as a whole: only if nobody changed it meanwhile.
  const kube::Json patch = {
      {"metadata",
       {{"finalizers", finalizers}, {"resourceVersion", turn.object.resource_version()}}}};
  auto patched = client_.MergePatch(kJobKind, turn.job.key, patch, "", until);
  if (patched.Is(base::Code::kNotFound) && !present) return base::Ok();
  turn.object = TRY(std::move(patched));
  turn.job = TRY(api::ReadJob(turn.object));
  return base::Ok();
}

base::Result<> JobReconciler::SetStatus(Turn& turn, const api::JobStatus& next,
                                        const base::Until& until) {
  kube::Json json = api::WriteStatus(next);
  if (json == api::WriteStatus(turn.job.status)) return base::Ok();
  Tell(turn.job, next, until);
  turn.object.json()["status"] = std::move(json);
  turn.object = TRY(client_.UpdateStatus(turn.object, until));
  turn.job = TRY(api::ReadJob(turn.object));
  // The next turn must not start from an older copy.
  return jobs_.WaitForVersion(turn.object.resource_version(), until);
}

void JobReconciler::Tell(const api::Job& job, const api::JobStatus& next,
                         const base::Until& until) {
  const api::JobStatus& old = job.status;
  if (next.controller_job_id != old.controller_job_id) {
    events_.Normal(job, "Submitted", "submitted to the controller as job " + next.controller_job_id,
                   until);
  }
  for (int attempt = old.attempts + 1; attempt <= next.attempts; ++attempt) {
    events_.Normal(job, "WorkerCreated",
                   fmt::format("created worker Pod {} (attempt {} of {})",
                               WorkerName(job.key.name, attempt), attempt, kMostAttempts),
                   until);
  }
  const std::string queued(api::kQueuedCondition);
  if (Holds(next, queued) && !Holds(old, queued)) {
    events_.Normal(job, "Queued", next.Find(queued)->message, until);
  }
  const std::string fallback(api::kBackendFallbackCondition);
  if (Holds(next, fallback) && !Holds(old, fallback)) {
    events_.Warning(job, "BackendFallback", next.Find(fallback)->message, until);
  }
  if (next.phase == old.phase) return;
  log_.Info("phase", {{"job", job.key.Text()}, {"phase", next.phase}, {"message", next.message}});
  if (next.phase == api::kSucceeded) {
    events_.Normal(job, "Scored", fmt::format("score {}", next.score.value_or(0)), until);
  } else if (next.phase == api::kFailed) {
    events_.Warning(job, "Failed", next.message, until);
  }
}

}  // namespace vmafx::operators
