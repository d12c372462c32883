#include "vmafx/node/session.h"

#include <algorithm>

#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Result;
using base::Until;

Session::Session(ControllerClient& client, SessionOptions options, base::Clock& clock,
                 base::Log log)
    : client_(client), options_(std::move(options)), clock_(clock), log_(std::move(log)) {}

Result<Credentials> Session::Register(const Until& until) {
  const Credentials fresh = TRY(client_.Register(options_.name, options_.backend, until));
  state_.With([&](State& state) { state.credentials = fresh; });
  log_.Info("registered", {{"name", options_.name}, {"session", fresh.node_id}});
  return fresh;
}

Result<> Session::Open(const Until& until) {
  Backoff backoff(options_.first_backoff, options_.most_backoff, options_.name);
  for (;;) {
    auto registered = Register(until);
    if (registered.ok()) break;
    if (!MayRetry(registered.error())) return std::move(registered).error();
    log_.Warn("not registered yet", {{"reason", registered.error().message()}});
    if (!until.Pause(backoff.Next())) return std::move(registered).error();
  }
  crew_.Start("heartbeat", [this](std::stop_token stop) { BeatLoop(std::move(stop)); });
  return base::Ok();
}

Credentials Session::credentials() const {
  return state_.Read([](const State& state) { return state.credentials; });
}

Result<Credentials> Session::Renew(const Credentials& stale, const Until& until) {
  Credentials current = credentials();
  if (!(current == stale)) return current;
  return Register(until);
}

void Session::StartJob(JobRef job, std::stop_source cancelled) {
  state_.With([&](State& state) { state.job = {std::move(job), std::move(cancelled)}; });
}

void Session::EndJob() {
  state_.With([](State& state) { state.job.reset(); });
}

void Session::BeatLoop(std::stop_token stop) {
  const Until until(clock_, base::Instant::max(), std::move(stop));
  base::Instant accepted = clock_.Now();
  while (until.Pause(options_.heartbeat_interval)) {
    if (BeatOnce(until)) {
      accepted = clock_.Now();
    } else if (clock_.Now() - accepted >= options_.silence_limit && Register(until).ok()) {
      accepted = clock_.Now();
    }
  }
}

bool Session::BeatOnce(const Until& until) {
  const State now = state_.Read([](const State& state) { return state; });
  std::vector<JobRef> running;
  if (now.job) running.push_back(now.job->ref);
  auto beat = client_.Heartbeat(now.credentials, running, until);
  if (!beat.ok()) {
    if (!until.Stopped()) log_.Warn("heartbeat failed", {{"reason", beat.error().message()}});
    return false;
  }
  if (!beat->known) {
    log_.Warn("the controller does not know this session: registering again");
    return Renew(now.credentials, until).ok();
  }
  if (now.job && std::ranges::find(beat->cancel, now.job->ref.id) != beat->cancel.end()) {
    log_.Info("job cancelled", {{"job", now.job->ref.id}, {"attempt", now.job->ref.attempt}});
    std::stop_source cancelled = now.job->cancelled;
    cancelled.request_stop();
  }
  return true;
}

}  // namespace vmafx::node
