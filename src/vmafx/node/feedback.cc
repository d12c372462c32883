#include "vmafx/node/feedback.h"

namespace vmafx::node {

using base::Until;

Feedback::Feedback(FeedbackOptions options, base::Clock& clock, base::Log log)
    : options_(std::move(options)), log_(std::move(log)) {
  const auto add = [&](const std::string& address) {
    links_.push_back(std::make_unique<TrainerLink>(address, options_.connect, clock,
                                                   log_.With("trainer", address)));
  };
  if (!options_.socket.empty()) {
    add("unix:" + options_.socket);
  } else {
    for (const std::string& trainer : options_.trainers) add(trainer);
  }
}

std::vector<UndeliveredSample> Feedback::Tell(const api::FeedbackSample& sample,
                                              const Until& until) {
  const Until patience = until.Within(options_.patience);
  const std::string line = api::WriteSample(sample);
  std::vector<std::shared_ptr<Delivery>> deliveries;
  for (const auto& link : links_) {
    auto delivery = std::make_shared<Delivery>();
    delivery->job_id = sample.job_id;
    delivery->line = line;
    delivery->deadline = patience.deadline();
    deliveries.push_back(delivery);
    // Not taken: it stays in kWaiting, as one that was sent in vain.
    (void)link->Send(std::move(delivery), patience);
  }
  std::vector<UndeliveredSample> undelivered;
  for (size_t i = 0; i < links_.size(); ++i) {
    using State = Delivery::State;
    const auto settled = [](const auto& progress) { return progress.state != State::kWaiting; };
    (void)deliveries[i]->progress.Await(patience, settled);
    const auto end = deliveries[i]->progress.With([](Delivery::Progress& progress) {
      if (progress.state == State::kWaiting) progress.state = State::kGivenUp;
      return progress;
    });
    if (end.state == State::kAcknowledged) {
      counts_.With([](FeedbackCounts& counts) { ++counts.acknowledged; });
    } else if (end.state == State::kRefused) {
      log_.Error(
          "the trainer refuses a sample",
          {{"trainer", links_[i]->address()}, {"job", sample.job_id}, {"reason", end.trouble}});
      counts_.With([](FeedbackCounts& counts) { ++counts.refused; });
    } else {
      AddUndelivered(*links_[i], sample, end.trouble, undelivered);
    }
  }
  return undelivered;
}

void Feedback::AddUndelivered(const TrainerLink& link, const api::FeedbackSample& sample,
                              const std::string& trouble,
                              std::vector<UndeliveredSample>& undelivered) {
  std::vector<std::string> trainers = {link.address()};
  if (!options_.socket.empty()) trainers = options_.trainers;
  std::erase_if(trainers,
                [&](const auto& each) { return !api::IsTrainerAddress(each, sample.ns); });
  for (const std::string& trainer : trainers) {
    undelivered.push_back({trainer, api::WriteSample(sample)});
  }
  counts_.With(
      [&](FeedbackCounts& counts) { ++(trainers.empty() ? counts.dropped : counts.deferred); });
  log_.Warn(trainers.empty()
                ? "sample dropped: no trainer of the job's namespace to bring it to later"
                : "sample not acknowledged: the controller will bring it",
            {{"trainer", link.address()}, {"job", sample.job_id}, {"reason", trouble}});
}

FeedbackCounts Feedback::counts() const {
  return counts_.Read([](const FeedbackCounts& counts) { return counts; });
}

}  // namespace vmafx::node
