#include "vmafx/node/session.h"

#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Result;
using base::Until;

Session::Session(ControllerClient& client, SessionOptions options, base::Clock& clock,
                 base::Log log)
    : client_(client), options_(std::move(options)), clock_(clock), log_(std::move(log)) {}

// With State::registering set by the caller.
Result<Credentials> Session::Register(const Until& until) {
  auto fresh = client_.Register(options_.identity, until);
  state_.With([&](State& state) {
    state.registering = false;
    if (!fresh.ok()) return;
    state.credentials = *fresh;
    state.last_heard = clock_.Now();
  });
  if (fresh.ok()) {
    log_.Info("registered", {{"name", options_.identity.name}, {"session", fresh->node_id}});
  }
  return fresh;
}

Result<> Session::Open(const Until& until) {
  Backoff backoff(options_.first_backoff, options_.most_backoff, options_.identity.name);
  for (;;) {
    auto registered = Renew({}, until);
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
  auto renewed = state_.When(
      until, [](const State& state) { return !state.registering; },
      [&](State& state) -> std::optional<Credentials> {
        if (!(state.credentials == stale)) return state.credentials;
        state.registering = true;
        return std::nullopt;
      });
  if (!renewed.ok()) return std::move(renewed).error();
  if (*renewed) return **std::move(renewed);
  return Register(until);
}

// Cancellations come by id alone, so only the newest attempt of a job is beaten for: the lease of
// an older one is lost, or there were no newer one.
void Session::StartJob(const JobRef& job, std::stop_source cancelled) {
  std::vector<std::stop_source> superseded;
  state_.With([&](State& state) {
    const auto newer = state.jobs.lower_bound(job);
    if (newer != state.jobs.end() && newer->first.id == job.id) {
      superseded.push_back(std::move(cancelled));
      return;
    }
    const auto first = state.jobs.lower_bound({job.id, 0});
    for (auto older = first; older != newer; ++older) superseded.push_back(older->second);
    state.jobs.erase(first, newer);
    state.jobs.emplace(job, std::move(cancelled));
  });
  for (std::stop_source& attempt : superseded) attempt.request_stop();
}

void Session::EndJob(const JobRef& job) {
  state_.With([&](State& state) { state.jobs.erase(job); });
}

size_t Session::jobs() const {
  return state_.Read([](const State& state) { return state.jobs.size(); });
}

std::optional<base::Instant> Session::last_heard() const {
  return state_.Read([](const State& state) { return state.last_heard; });
}

void Session::BeatLoop(std::stop_token stop) {
  const Until until(clock_, base::Instant::max(), std::move(stop));
  while (until.Pause(options_.heartbeat_interval)) {
    BeatOnce(until);
    const auto heard = last_heard();
    if (!heard || clock_.Now() - *heard < options_.silence_limit) continue;
    log_.Warn("no heartbeat was accepted for a while: registering again");
    if (auto renewed = Renew(credentials(), until); !renewed.ok() && !until.Stopped()) {
      log_.Warn("not registered again yet", {{"reason", renewed.error().message()}});
    }
  }
}

void Session::BeatOnce(const Until& until) {
  const State now = state_.Read([](const State& state) { return state; });
  std::vector<JobRef> running;
  for (const auto& [job, cancelled] : now.jobs) running.push_back(job);
  auto beat = client_.Heartbeat(now.credentials, running, until);
  if (!beat.ok()) {
    if (!until.Stopped()) log_.Warn("heartbeat failed", {{"reason", beat.error().message()}});
    return;
  }
  if (!beat->known) {
    log_.Warn("the controller does not know this session: registering again");
    if (auto renewed = Renew(now.credentials, until); !renewed.ok() && !until.Stopped()) {
      log_.Warn("not registered again yet", {{"reason", renewed.error().message()}});
    }
    return;
  }
  state_.With([&](State& state) { state.last_heard = clock_.Now(); });
  for (const std::string& job : beat->cancel) Cancel(job, now.jobs);
}

// Only what that heartbeat told of: the same job may have been pulled anew since.
void Session::Cancel(const std::string& id, const std::map<JobRef, std::stop_source>& told) {
  for (const auto& [job, cancelled] : told) {
    if (job.id != id) continue;
    log_.Info("job cancelled", {{"job", job.id}, {"attempt", job.attempt}});
    std::stop_source stop = cancelled;
    stop.request_stop();
  }
}

}  // namespace vmafx::node
