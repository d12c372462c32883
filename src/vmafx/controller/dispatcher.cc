#include "vmafx/controller/dispatcher.h"

#include "base/text.h"
#include "vmafx/api/score_options.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kLongestUri = 4096;
constexpr size_t kLongestName = 253;  // a Kubernetes object's
constexpr auto kStoreTime = std::chrono::seconds(30);
constexpr int64_t kPruneBatch = 100;

Result<> CheckSubmission(const NewJob& job) {
  std::vector<std::string> problems;
  for (const auto& [name, uri] : {std::pair("scoring.reference", &job.scoring.reference),
                                  std::pair("scoring.distorted", &job.scoring.distorted)}) {
    if (uri->empty()) problems.push_back(fmt::format("{} is empty", name));
    if (uri->size() > kLongestUri) {
      problems.push_back(fmt::format("{} is longer than {} bytes", name, kLongestUri));
    }
  }
  auto backend = api::CheckBackend(job.scoring.backend);
  if (!backend.ok()) problems.push_back("scoring." + backend.error().message());
  if (job.priority < 0) problems.push_back(fmt::format("priority {} is below 0", job.priority));
  for (const auto& [name, text] :
       {std::pair("idempotency_key", &job.idempotency_key), std::pair("name", &job.name),
        std::pair("namespace", &job.name_space), std::pair("scoring.model", &job.scoring.model)}) {
    if (text->size() > kLongestName) {
      problems.push_back(fmt::format("{} is longer than {} bytes", name, kLongestName));
    }
  }
  if (problems.empty()) return base::Ok();
  return base::Error(Code::kInvalid, base::Join(problems, "; "));
}

}  // namespace

Dispatcher::Dispatcher(const DispatcherOptions& options, base::Clock& clock, base::Log log)
    : clock_(clock),
      log_(std::move(log)),
      registry_(clock, options.session_ttl),
      leases_(clock, options.lease_ttl),
      metrics_(options.version) {}

Result<std::unique_ptr<Dispatcher>> Dispatcher::Start(DispatcherOptions options, base::Clock& clock,
                                                      base::Log log) {
  std::unique_ptr<Dispatcher> dispatcher(new Dispatcher(options, clock, log));
  dispatcher->store_ = TRY(JobStore::Open(
      options.database, options.store,
      [raw = dispatcher.get()](const std::vector<Change>& changes) { raw->Observe(changes); },
      clock, log));
  TRY(dispatcher->RestoreLeases());
  dispatcher->outbox_ = std::make_unique<Outbox>(
      *dispatcher->store_, options.outbox,
      [raw = dispatcher.get()](Delivered what, int64_t count) {
        raw->metrics_.CountFeedback(what, count);
      },
      clock, log);
  if (options.retention > base::Duration::zero()) {
    dispatcher->crew_.Start("store/prune", [raw = dispatcher.get(), options](std::stop_token stop) {
      raw->PruneLoop(std::move(stop), options.prune_interval, options.retention);
    });
  }
  dispatcher->crew_.Start("store/sweep",
                          [raw = dispatcher.get(), interval = options.sweep_interval](
                              std::stop_token stop) { raw->SweepLoop(std::move(stop), interval); });
  return dispatcher;
}

Result<> Dispatcher::RestoreLeases() {
  const Until until = Until::After(clock_, std::chrono::seconds(30));
  size_t restored = 0;
  int64_t after = 0;
  do {
    const JobPage page =
        TRY(store_->List({Status::kRunning}, after, until).During("reading leases"));
    for (const Job& job : page.jobs) leases_.Restore(job);
    restored += page.jobs.size();
    after = page.next;
  } while (after != 0);
  if (restored > 0) log_.Info("leases restored", {{"jobs", restored}});
  return base::Ok();
}

void Dispatcher::Observe(const std::vector<Change>& changes) {
  const base::Instant now = clock_.Now();
  for (const Change& change : changes) {
    leases_.Observe(change.job);
    partials_.Observe(change.job);
    metrics_.Observe(change, now);
    waiters_.Observe(change.job);
  }
  feed_.Publish(changes);
}

void Dispatcher::SweepLoop(std::stop_token stop, base::Duration interval) {
  const Until until(clock_, base::Instant::max(), stop);
  while (until.Pause(interval)) Sweep(until.Within(interval));
}

void Dispatcher::Sweep(const Until& until) {
  for (const Session& session : registry_.Evict()) {
    log_.Info("worker forgotten", {{"node", session.worker.name}, {"session", session.id}});
  }
  for (const Lease& lease : leases_.Expired()) {
    auto job = store_->LoseLease(
        lease.job, lease.holder.attempt,
        fmt::format("no heartbeat from worker {} within the lease's time", lease.holder.node),
        lease.restored ? Event::kLostByRestart : Event::kLost, until);
    if (!job.ok()) {
      log_.Warn("lease not taken back", {{"job", lease.job}, {"reason", job.error().message()}});
      continue;
    }
    log_.Warn("lease lost", {{"job", lease.job},
                             {"node", lease.holder.node},
                             {"attempt", lease.holder.attempt},
                             {"status", ToString(job->status)}});
  }
}

void Dispatcher::PruneLoop(std::stop_token stop, base::Duration interval,
                           base::Duration retention) {
  const Until until(clock_, base::Instant::max(), stop);
  do {
    auto pruned = Prune(retention, until);
    if (!pruned.ok() && !until.Stopped()) {
      log_.Warn("old jobs not removed", {{"reason", pruned.error().message()}});
    }
  } while (until.Pause(interval));
}

Result<> Dispatcher::Prune(base::Duration retention, const Until& until) {
  const auto before = std::chrono::duration_cast<std::chrono::seconds>(
      clock_.WallNow().time_since_epoch() - retention);
  int64_t removed = 0;
  // In small pieces: calls that wait come between two of them.
  for (int64_t now = kPruneBatch; now == kPruneBatch && !until.Stopped(); removed += now) {
    now = TRY(store_->Prune(before.count(), kPruneBatch, until.Within(kStoreTime)));
  }
  if (removed > 0) log_.Info("old jobs removed", {{"jobs", removed}});
  return base::Ok();
}

Result<std::string> Dispatcher::Submit(const NewJob& job, const Until& until) {
  TRY(CheckSubmission(job));
  auto id = TRY(store_->Submit(job, until));
  log_.Info("job submitted", {{"job", id},
                              {"namespace", job.name_space},
                              {"name", job.name},
                              {"pinned", job.pinned},
                              {"priority", job.priority}});
  return id;
}

Result<JobWithFrames> Dispatcher::Get(const std::string& id, const Until& until) {
  JobWithFrames result;
  result.job = TRY(store_->Get(id, until));
  if (result.job.status != Status::kCompleted) {
    result.partial = partials_.Of(id);
    return result;
  }
  result.series = TRY(store_->Frames(id, until));
  if (!result.series.empty()) {
    result.partial.scores = std::move(result.series.front().values);
    result.series.erase(result.series.begin());
  }
  return result;
}

Result<JobPage> Dispatcher::List(const std::vector<Status>& statuses, int64_t after,
                                 const Until& until) {
  return store_->List(statuses, after, until);
}

Result<Job> Dispatcher::Score(const NewJob& job, const Until& until) {
  if (registry_.LivePool() == 0) {
    return base::Error(Code::kUnavailable,
                       "no worker that takes unpinned jobs is live: is the worker pool up "
                       "(node.enabled)?");
  }
  // Not by the call's own time: a job whose id is not known here could not be cancelled.
  const std::string id = TRY(Submit(job, Until::After(clock_, kStoreTime, until.stop())));
  const std::string which = "job " + id;
  auto wait = waiters_.For(id);
  // It may have ended between the two.
  const Job now =
      TRY(store_->Get(id, Until::After(clock_, kStoreTime, until.stop())).During(which));
  if (IsFinished(now.status)) return now;
  auto finished = wait->Finished(until);
  if (!finished.Is(Code::kTimeout)) return std::move(finished).During(which);
  TRY(Cancel(id, Until::After(clock_, kStoreTime)).During(which));
  return Fail(Code::kTimeout, "{}: no score in the call's time; the job is cancelled", which);
}

Result<Job> Dispatcher::Cancel(const std::string& id, const Until& until) {
  auto job = TRY(store_->Cancel(id, until));
  log_.Info("job cancel", {{"job", id}, {"status", ToString(job.status)}});
  return job;
}

Result<Job> Dispatcher::Release(const std::string& id, const std::string& node,
                                const std::string& reason, const Until& until) {
  const Job job = TRY(store_->Get(id, until));
  if (job.status != Status::kRunning) return job;
  if (!node.empty() && job.node != node) {
    return Fail(Code::kConflict, "job {} is leased to worker {}, not {}", id, job.node, node);
  }
  auto released = TRY(store_->LoseLease(id, job.attempt, reason, Event::kLost, until));
  log_.Warn("lease released", {{"job", id},
                               {"node", job.node},
                               {"attempt", job.attempt},
                               {"reason", reason},
                               {"status", ToString(released.status)}});
  return released;
}

Result<Job> Dispatcher::GiveUp(const std::string& id, const std::string& reason,
                               const Until& until) {
  auto job = TRY(store_->GiveUp(id, reason.empty() ? "given up by its submitter" : reason, until));
  log_.Warn("job given up", {{"job", id}, {"reason", reason}});
  return job;
}

Result<std::string> Dispatcher::RenderMetrics(const Until& until) {
  const auto depth = TRY(store_->Depth(until));
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch());
  return metrics_.Render(depth, registry_.Live(), now.count());
}

void Dispatcher::Drain() {
  feed_.Close();
  waiters_.Close();
}

}  // namespace vmafx::controller
