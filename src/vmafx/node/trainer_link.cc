#include "vmafx/node/trainer_link.h"

#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Result;
using base::Until;

namespace {

constexpr size_t kMostWaiting = 256;
// A Service whose Pod moves leads somewhere else soon: better to ask again than to wait.
constexpr auto kLongestConnect = std::chrono::seconds(3);
constexpr auto kFirstBackoff = std::chrono::milliseconds(100);
constexpr auto kMostBackoff = std::chrono::seconds(2);

bool IsWaiting(const Delivery& delivery) {
  return delivery.progress.Read(
      [](const auto& progress) { return progress.state == Delivery::State::kWaiting; });
}

void Settle(Delivery& delivery, const api::FeedbackReply& reply) {
  delivery.progress.With([&](Delivery::Progress& progress) {
    if (progress.state != Delivery::State::kWaiting) return;
    progress.state = reply.ok ? Delivery::State::kAcknowledged : Delivery::State::kRefused;
    progress.trouble = reply.error;
  });
}

}  // namespace

TrainerLink::TrainerLink(std::string address, Connect connect, base::Clock& clock, base::Log log)
    : address_(std::move(address)),
      connect_(std::move(connect)),
      log_(std::move(log)),
      queue_(kMostWaiting) {
  crew_.Start("feedback", [this, &clock](std::stop_token stop) {
    Loop(Until(clock, base::Instant::max(), std::move(stop)));
  });
}

Result<> TrainerLink::Send(std::shared_ptr<Delivery> delivery, const Until& until) {
  return queue_.Push(std::move(delivery), until);
}

void TrainerLink::Loop(const Until& until) {
  for (;;) {
    auto next = queue_.Pop(until);
    if (!next.ok() || !*next) return;
    Delivery& delivery = ***next;
    Deliver(delivery, Until(until.clock(), delivery.deadline, until.stop()));
  }
}

void TrainerLink::Deliver(Delivery& delivery, const Until& until) {
  Backoff backoff(kFirstBackoff, kMostBackoff, delivery.job_id);
  while (!until.Over() && IsWaiting(delivery)) {
    // A kept connection may have been closed since: that says nothing about the trainer.
    const bool kept = stream_.has_value();
    auto reply = Exchange(delivery, until);
    if (reply.ok()) {
      Settle(delivery, *reply);
      return log_.Debug("sample answered", {{"job", delivery.job_id}});
    }
    // Also after a wait in vain: a late answer must not be taken for the next sample's.
    stream_.reset();
    const std::string& trouble = reply.error().message();
    delivery.progress.With([&](Delivery::Progress& progress) { progress.trouble = trouble; });
    log_.Debug("sample not acknowledged yet", {{"job", delivery.job_id}, {"reason", trouble}});
    if (!kept && !until.Pause(backoff.Next())) return;
  }
}

Result<api::FeedbackReply> TrainerLink::Exchange(const Delivery& delivery, const Until& until) {
  if (!stream_) {
    stream_.emplace(TRY(connect_(address_, until.Within(kLongestConnect))));
  }
  TRY(stream_->Write(delivery.line, until));
  const std::string line = TRY(stream_->Read(api::kMostFeedbackLine, until));
  auto reply = TRY(api::ReadReply(line).During(address_));
  if (reply.job_id != delivery.job_id) {
    return base::Fail(base::Code::kInternal, "{}: an answer about job \"{}\" instead of {}",
                      address_, reply.job_id, delivery.job_id);
  }
  return reply;
}

}  // namespace vmafx::node
