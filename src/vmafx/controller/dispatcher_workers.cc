// What the workers' calls mean.

#include <cmath>

#include "base/text.h"
#include "vmafx/controller/dispatcher.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

namespace {

constexpr size_t kLongestName = 253;  // a Kubernetes object's
constexpr size_t kLongestDevice = 1024;
constexpr size_t kLongestError = 4096;
constexpr size_t kMostHeartbeatJobs = 64;
constexpr size_t kMostBackends = 16;

Result<> CheckWorker(const Worker& worker) {
  if (worker.name.empty()) return base::Error(Code::kInvalid, "name is empty");
  for (const auto& [name, text, most] : {std::tuple("name", &worker.name, kLongestName),
                                         std::tuple("namespace", &worker.name_space, kLongestName),
                                         std::tuple("vmafx_node", &worker.vmafx_node, kLongestName),
                                         std::tuple("device", &worker.device, kLongestDevice)}) {
    if (text->size() > most) return Fail(Code::kInvalid, "{} is longer than {} bytes", name, most);
  }
  if (worker.capability.backends.size() > kMostBackends) {
    return Fail(Code::kInvalid, "capability.backends has more than {} words", kMostBackends);
  }
  return base::Ok();
}

Holder HolderOf(const Session& session, int32_t attempt) {
  return {.node = session.worker.name,
          .session = session.id,
          .attempt = attempt,
          .confined_to = session.worker.confined_to};
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

Result<Session> Dispatcher::Register(Worker worker) {
  TRY(CheckWorker(worker));
  auto session = TRY(registry_.Register(std::move(worker)));
  const Worker& registered = session.worker;
  log_.Info("worker registered", {{"node", registered.name},
                                  {"namespace", registered.name_space},
                                  {"vmafx_node", registered.vmafx_node},
                                  {"pool", registered.pool},
                                  {"session", session.id},
                                  {"backends", base::Join(registered.capability.backends, ",")}});
  return session;
}

HeartbeatAnswer Dispatcher::Heartbeat(const SessionKey& session,
                                      const std::vector<RunningJob>& running,
                                      int32_t jobs_running) {
  auto known = registry_.Beat(session, jobs_running);
  if (!known.ok()) return {};
  if (running.size() > kMostHeartbeatJobs) return {.known = true, .cancel = {}};
  return {.known = true, .cancel = leases_.Renew(HolderOf(*known, 0), running)};
}

Result<std::optional<Job>> Dispatcher::Pull(const SessionKey& session, const Capability& capability,
                                            const std::string& job, const Until& until) {
  const Session worker = TRY(registry_.Check(session));
  const Holder holder = HolderOf(worker, 0);
  if (job.empty() && holder.confined_to) {
    return base::Error(Code::kDenied, "job_id is empty: this worker may pull pinned jobs only");
  }
  auto claimed = job.empty() ? TRY(store_->ClaimNext(capability.backends, holder, until))
                             : TRY(store_->ClaimJob(job, holder, until));
  if (claimed) {
    log_.Info("job leased",
              {{"job", claimed->id}, {"node", holder.node}, {"attempt", claimed->attempt}});
  }
  return claimed;
}

Result<bool> Dispatcher::ReportPartial(const SessionKey& session, const RunningJob& job,
                                       const Partial& partial) {
  const Session worker = TRY(registry_.Check(session));
  if (!leases_.Renew(HolderOf(worker, 0), {job}).empty()) {
    return Fail(Code::kDenied, "job {}: attempt {} of worker {} has no lease (any more)", job.id,
                job.attempt, worker.worker.name);
  }
  return partials_.Add(job.id, job.attempt, partial);
}

Result<> Dispatcher::ReportFinal(const SessionKey& session, const RunningJob& job,
                                 const Outcome& outcome, const Until& until) {
  const Session worker = TRY(registry_.Check(session));
  Outcome checked = outcome;
  if (checked.released && checked.error.empty()) {
    return base::Error(Code::kInvalid, "released needs an error that says why");
  }
  TRY(CheckSamples(job.id, checked.feedback));
  // A score that is not a number is a failure with that name, never a score.
  const std::string bad = checked.error.empty() ? FirstBadNumber(checked) : "";
  if (!bad.empty()) checked.error = "the worker's result is not a number: " + bad;
  checked.error = Shortened(std::move(checked.error));
  // Only a score teaches.
  if (!checked.error.empty()) checked.feedback.clear();
  const Job finished = TRY(store_->Finish(job.id, HolderOf(worker, job.attempt), checked, until));
  log_.Info("job reported", {{"job", job.id},
                             {"node", worker.worker.name},
                             {"attempt", finished.attempt},
                             {"status", ToString(finished.status)},
                             {"error", finished.error}});
  if (!checked.feedback.empty()) outbox_->Wake();
  return base::Ok();
}

}  // namespace vmafx::controller
