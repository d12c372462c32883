#include "vmafx/node/pool.h"

#include "base/text.h"
#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Code;
using base::Result;
using base::Until;

namespace {

std::string_view OutcomeOf(const Result<JobEnd>& end) {
  return end.ok() ? ToString(*end) : "lost";
}

}  // namespace

Pool::Pool(const PoolOptions& options, ControllerClient& client, Feedback& feedback,
           Metrics& metrics, base::Clock& clock, base::Log log)
    : options_(options),
      client_(client),
      metrics_(metrics),
      clock_(clock),
      log_(std::move(log)),
      session_(client, options.session, clock, log_),
      worker_(options.work, client, session_, feedback, clock, log_),
      slots_(Slots{.free = options.session.identity.slots, .handed = {}, .closed = false}) {
  CHECK(options.session.identity.slots >= 1 && options.session.identity.slots <= kMostSlots);
}

Result<> Pool::Run(const Until& until) {
  if (auto opened = session_.Open(until); !opened.ok()) {
    return until.Stopped() ? base::Ok() : opened;
  }
  const Until work(clock_, base::Instant::max(), give_up_.get_token());
  for (int i = 0; i < options_.session.identity.slots; ++i) {
    crew_.Start(fmt::format("slot/{}", i), [this, work](std::stop_token) { SlotLoop(work); });
  }
  PullLoop(until, work);
  Drain();
  return base::Ok();
}

void Pool::PullLoop(const Until& until, const Until& work) {
  const std::string& name = options_.session.identity.name;
  Spread spread(name);
  Backoff backoff(options_.session.first_backoff, options_.most_backoff, name);
  const auto some_free = [](const Slots& slots) { return slots.free > 0; };
  while (!until.Stopped() && slots_.Await(until, some_free).ok()) {
    // Not ended by a stop of this worker: a lease that was given must not be lost on the way.
    auto pulled = Pull(work);
    if (pulled.ok()) backoff.Reset();
    if (pulled.ok() && *pulled) {
      slots_.With([&](Slots& slots) {
        --slots.free;
        slots.handed.push_back(**std::move(pulled));
      });
      continue;
    }
    if (!pulled.ok()) log_.Warn("no job pulled", {{"reason", pulled.error().message()}});
    until.Pause(pulled.ok() ? spread.Below(options_.poll_interval) : backoff.Next());
  }
}

Result<std::optional<Assignment>> Pool::Pull(const Until& work) {
  const std::string& backend = options_.session.identity.backend;
  const Credentials credentials = session_.credentials();
  auto pulled = client_.Pull(credentials, backend, "", work);
  if (!pulled.Is(Code::kDenied)) return pulled;
  // The controller may have forgotten the session.
  return client_.Pull(TRY(session_.Renew(credentials, work)), backend, "", work);
}

void Pool::SlotLoop(const Until& work) {
  const Until forever(clock_, base::Instant::max());
  for (;;) {
    auto job = slots_.When(
        forever, [](const Slots& slots) { return slots.closed || !slots.handed.empty(); },
        [](Slots& slots) -> std::optional<Assignment> {
          if (slots.handed.empty()) return std::nullopt;
          Assignment next = std::move(slots.handed.front());
          slots.handed.pop_front();
          return next;
        });
    if (!job.ok() || !*job) return;
    DoJob(**job, work);
    slots_.With([](Slots& slots) { ++slots.free; });
  }
}

void Pool::DoJob(const Assignment& job, const Until& work) {
  const base::Instant begun = clock_.Now();
  const auto end = worker_.Do(job, work);
  metrics_.Observe(OutcomeOf(end), clock_.Now() - begun);
  if (end.ok()) return;
  log_.Error(
      "report not accepted",
      {{"job", job.job.id}, {"attempt", job.job.attempt}, {"reason", end.error().message()}});
}

void Pool::Drain() {
  draining_ = true;
  log_.Info("stopping: no more jobs are pulled", {{"jobs", jobs()}});
  const Until patience = Until::After(clock_, options_.stop_deadline);
  const int all = options_.session.identity.slots;
  if (!slots_.Await(patience, [&](const Slots& slots) { return slots.free == all; }).ok()) {
    log_.Warn("the stop deadline is over: jobs are given back", {{"jobs", jobs()}});
  }
  give_up_.request_stop();
  slots_.With([](Slots& slots) { slots.closed = true; });
  crew_.StopAndJoin();
}

std::string Pool::NotReady() const {
  if (draining_) return "shutting down";
  const auto heard = session_.last_heard();
  if (!heard) return "not registered with the controller yet";
  const base::Duration silence = clock_.Now() - *heard;
  if (silence < options_.session.silence_limit) return {};
  return fmt::format("nothing heard from the controller for {}", base::FormatSpan(silence));
}

}  // namespace vmafx::node
