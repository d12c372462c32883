#include "vmafx/controller/dispatcher.h"

#include <cmath>

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
constexpr size_t kLongestError = 4096;
constexpr size_t kMostHeartbeatJobs = 64;

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

// At most kLongestError bytes, not ending within a UTF-8 sequence.
std::string Shortened(std::string text) {
  if (text.size() <= kLongestError) return text;
  size_t end = kLongestError;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

// The name of the first value that is not a finite number, or "".
std::string FirstBadNumber(const Outcome& outcome) {
  if (!std::isfinite(outcome.score)) return fmt::format("score is {}", outcome.score);
  for (const auto& [name, value] : outcome.features) {
    if (!std::isfinite(value)) return fmt::format("feature {} is {}", name, value);
  }
  for (size_t i = 0; i < outcome.frame_scores.size(); ++i) {
    if (!std::isfinite(outcome.frame_scores[i])) {
      return fmt::format("score of frame {} is {}", i, outcome.frame_scores[i]);
    }
  }
  for (const Series& series : outcome.series) {
    for (size_t i = 0; i < series.values.size(); ++i) {
      if (!std::isfinite(series.values[i])) {
        return fmt::format("feature {} of frame {} is {}", series.name, i, series.values[i]);
      }
    }
  }
  return {};
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
  dispatcher->crew_.Start("store/sweep",
                          [raw = dispatcher.get(), interval = options.sweep_interval](
                              std::stop_token stop) { raw->SweepLoop(std::move(stop), interval); });
  return dispatcher;
}

Result<> Dispatcher::RestoreLeases() {
  const Until until = Until::After(clock_, std::chrono::seconds(30));
  const auto running = TRY(store_->List({Status::kRunning}, until).During("reading leases"));
  for (const Job& job : running) leases_.Observe(job);
  if (!running.empty()) log_.Info("leases restored", {{"jobs", running.size()}});
  return base::Ok();
}

void Dispatcher::Observe(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    leases_.Observe(change.job);
    partials_.Observe(change.job);
    metrics_.Observe(change);
  }
  feed_.Publish(changes);
}

void Dispatcher::SweepLoop(std::stop_token stop, base::Duration interval) {
  const Until until(clock_, base::Instant::max(), stop);
  while (until.Pause(interval)) Sweep(until.Within(interval));
}

void Dispatcher::Sweep(const Until& until) {
  for (const Session& session : registry_.Evict()) {
    log_.Info("worker forgotten", {{"node", session.node}, {"session", session.id}});
  }
  for (const Lease& lease : leases_.Expired()) {
    auto job = store_->LoseLease(
        lease.job, lease.holder.attempt,
        fmt::format("no heartbeat from worker {} within the lease's time", lease.holder.node),
        until);
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

Result<std::vector<Job>> Dispatcher::List(const std::vector<Status>& statuses, const Until& until) {
  return store_->List(statuses, until);
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
  auto released = TRY(store_->LoseLease(id, job.attempt, reason, until));
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

Result<Session> Dispatcher::Register(const std::string& node, Capability capability) {
  if (node.empty()) return base::Error(Code::kInvalid, "name is empty");
  if (node.size() > kLongestName) {
    return Fail(Code::kInvalid, "name is longer than {} bytes", kLongestName);
  }
  auto session = registry_.Register(node, std::move(capability));
  log_.Info("worker registered", {{"node", node},
                                  {"session", session.id},
                                  {"backends", base::Join(session.capability.backends, ",")}});
  return session;
}

HeartbeatAnswer Dispatcher::Heartbeat(const std::string& session, const std::string& token,
                                      const std::vector<RunningJob>& running) {
  auto known = registry_.Check(session, token);
  if (!known.ok()) return {};
  if (running.size() > kMostHeartbeatJobs) return {.known = true, .cancel = {}};
  return {.known = true, .cancel = leases_.Renew(known->node, session, running)};
}

Result<std::optional<Job>> Dispatcher::Pull(const std::string& session, const std::string& token,
                                            const Capability& capability, const std::string& job,
                                            const Until& until) {
  const Session worker = TRY(registry_.Check(session, token));
  const Holder holder{.node = worker.node, .session = session, .attempt = 0};
  auto claimed = job.empty() ? TRY(store_->ClaimNext(capability.backends, holder, until))
                             : TRY(store_->ClaimJob(job, holder, until));
  if (claimed) {
    log_.Info("job leased",
              {{"job", claimed->id}, {"node", worker.node}, {"attempt", claimed->attempt}});
  }
  return claimed;
}

Result<bool> Dispatcher::ReportPartial(const std::string& session, const std::string& token,
                                       const RunningJob& job, const Partial& partial) {
  const Session worker = TRY(registry_.Check(session, token));
  if (!leases_.Renew(worker.node, session, {job}).empty()) {
    return Fail(Code::kDenied, "job {}: attempt {} of worker {} has no lease (any more)", job.id,
                job.attempt, worker.node);
  }
  return partials_.Add(job.id, job.attempt, partial);
}

Result<> Dispatcher::ReportFinal(const std::string& session, const std::string& token,
                                 const RunningJob& job, const Outcome& outcome,
                                 const Until& until) {
  const Session worker = TRY(registry_.Check(session, token));
  Outcome checked = outcome;
  if (checked.released && checked.error.empty()) {
    return base::Error(Code::kInvalid, "released needs an error that says why");
  }
  // A score that is not a number is a failure with that name, never a score.
  const std::string bad = checked.error.empty() ? FirstBadNumber(checked) : "";
  if (!bad.empty()) checked.error = "the worker's result is not a number: " + bad;
  checked.error = Shortened(std::move(checked.error));
  const Job finished = TRY(store_->Finish(
      job.id, {.node = worker.node, .session = session, .attempt = job.attempt}, checked, until));
  log_.Info("job reported", {{"job", job.id},
                             {"node", worker.node},
                             {"attempt", finished.attempt},
                             {"status", ToString(finished.status)},
                             {"error", finished.error}});
  return base::Ok();
}

Result<std::string> Dispatcher::RenderMetrics(const Until& until) {
  const auto depth = TRY(store_->Depth(until));
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.WallNow().time_since_epoch());
  return metrics_.Render(depth, registry_.List().size(), now.count());
}

}  // namespace vmafx::controller
