#include "vmafx/controller/outbox.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/api/feedback.h"

namespace vmafx::controller {

using base::Code;
using base::Result;
using base::Until;

namespace {

constexpr int64_t kBatch = 100;
constexpr auto kStoreTime = std::chrono::seconds(30);
// Old samples are looked for as often, also when nothing else happens.
constexpr auto kIdle = std::chrono::minutes(10);

}  // namespace

Outbox::Outbox(JobStore& store, OutboxOptions options, Listener listener, base::Clock& clock,
               base::Log log)
    : store_(store),
      options_(std::move(options)),
      listener_(std::move(listener)),
      clock_(clock),
      log_(std::move(log)) {
  crew_.Start("store/outbox", [this](std::stop_token stop) {
    Loop(Until(clock_, base::Instant::max(), std::move(stop)));
  });
}

void Outbox::Wake() {
  state_.With([](State& state) { state.woken = true; });
}

void Outbox::Loop(const Until& until) {
  base::Instant next = clock_.Now();
  while (!until.Stopped()) {
    const auto woken = state_.When(
        Until(clock_, next, until.stop()), [](const State& state) { return state.woken; },
        [](State& state) { return std::exchange(state.woken, false); });
    if (woken.Is(Code::kCancelled)) return;
    auto following = Round(until);
    if (following.ok()) {
      next = *following;
      continue;
    }
    if (!until.Stopped()) log_.Warn("feedback round", {{"reason", following.error().message()}});
    next = clock_.Now() + options_.backoff_max;
  }
}

Result<base::Instant> Outbox::Round(const Until& until) {
  TRY(Expire(until.Within(kStoreTime)));
  const auto trainers = TRY(store_.FeedbackTrainers(until.Within(kStoreTime)));
  std::erase_if(troubles_, [&](const auto& entry) {
    return std::ranges::find(trainers, entry.first) == trainers.end();
  });
  base::Instant next = clock_.Now() + kIdle;
  for (const std::string& trainer : trainers) {
    if (until.Stopped()) break;
    const auto trouble = troubles_.find(trainer);
    if (trouble == troubles_.end() || trouble->second.again_at <= clock_.Now()) {
      auto visited = Visit(trainer, until);
      if (until.Stopped()) break;
      if (!visited.ok()) NoteTrouble(trainer, visited.error());
    }
    const auto left = troubles_.find(trainer);
    if (left != troubles_.end()) next = std::min(next, left->second.again_at);
  }
  return next;
}

Result<> Outbox::Expire(const Until& until) {
  const auto before = std::chrono::duration_cast<std::chrono::seconds>(
      (clock_.WallNow() - options_.keep).time_since_epoch());
  const int64_t dropped = TRY(store_.DropOldFeedback(before.count(), options_.most, until));
  if (dropped == 0) return base::Ok();
  listener_(Delivered::kExpired, dropped);
  log_.Warn("samples dropped: their trainers did not answer in time",
            {{"samples", dropped}, {"kept_for", base::FormatSpan(options_.keep)}});
  return base::Ok();
}

Result<> Outbox::Visit(const std::string& trainer, const Until& until) {
  auto stream = TRY(options_.connect(trainer, until.Within(options_.answer_time)));
  for (;;) {
    const auto samples = TRY(store_.FeedbackFor(trainer, kBatch, until.Within(kStoreTime)));
    if (samples.empty()) break;
    std::vector<int64_t> settled;
    Result<> told = base::Ok();
    for (const WaitingSample& sample : samples) {
      told = Tell(stream, trainer, sample, until);
      if (!told.ok()) break;
      settled.push_back(sample.id);
    }
    TRY(store_.SettleFeedback(settled, until.Within(kStoreTime)));
    TRY(std::move(told));
  }
  troubles_.erase(trainer);
  return base::Ok();
}

Result<> Outbox::Tell(net::LineStream& stream, const std::string& trainer,
                      const WaitingSample& sample, const Until& until) {
  const Until soon = until.Within(options_.answer_time);
  TRY(stream.Write(sample.sample, soon));
  const auto reply = TRY(api::ReadReply(TRY(stream.Read(api::kMostFeedbackLine, soon))));
  if (reply.job_id != sample.job) {
    return base::Fail(Code::kInternal, "an answer about job \"{}\" instead of {}", reply.job_id,
                      sample.job);
  }
  if (reply.ok) {
    listener_(Delivered::kAcknowledged, 1);
    log_.Info("sample delivered", {{"job", sample.job}, {"trainer", trainer}});
    return base::Ok();
  }
  listener_(Delivered::kRefused, 1);
  log_.Warn("sample dropped: its trainer refuses it",
            {{"job", sample.job}, {"trainer", trainer}, {"reason", reply.error}});
  return base::Ok();
}

void Outbox::NoteTrouble(const std::string& trainer, const base::Error& error) {
  Trouble& trouble = troubles_[trainer];
  base::Duration wait = options_.backoff_base;
  for (int i = 0; i < trouble.failures && wait < options_.backoff_max; ++i) wait *= 2;
  wait = std::min(wait, options_.backoff_max);
  // The first time is for people, the rest for those who look for it.
  const base::Log::Fields fields = {
      {"trainer", trainer}, {"reason", error.message()}, {"again_in", base::FormatSpan(wait)}};
  if (trouble.failures == 0) {
    log_.Warn("trainer not reached", fields);
  } else {
    log_.Debug("trainer not reached", fields);
  }
  trouble = {.failures = trouble.failures + 1, .again_at = clock_.Now() + wait};
}

}  // namespace vmafx::controller
