#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/api/feedback.h"
#include "vmafx/node/assignment.h"
#include "vmafx/node/trainer_link.h"

namespace vmafx::node {

struct FeedbackOptions {
  // Trainers, HOST:PORT.
  std::vector<std::string> trainers;
  // Unix socket of a forwarder (vmafx-trainer --forward) beside this worker. When set, samples go
  // to it alone; `trainers` then says to whom the controller brings what it did not take.
  std::string socket;
  base::Duration patience = std::chrono::seconds(20);
  // How a peer is reached; tests lead it elsewhere.
  TrainerLink::Connect connect = net::LineStream::Connect;
};

// Samples by what became of them. Each counts once for each peer.
struct FeedbackCounts {
  uint64_t acknowledged = 0;
  uint64_t deferred = 0;  // travel with the final report
  uint64_t refused = 0;   // the trainer does not want it
  uint64_t dropped = 0;   // not acknowledged, and the controller would not bring it either
};

// Tells trainers about scored jobs (api/feedback.h). Thread-safe. Destruction may have to wait for
// a name that is being looked up.
class Feedback {
 public:
  Feedback(FeedbackOptions options, base::Clock& clock, base::Log log);

  // Whether there is anybody to tell.
  bool wanted() const { return !links_.empty(); }

  // Tells all at once and waits for their acknowledgements: at most options.patience, less when
  // `until` is over. Returns what the final report must carry: samples for trainers of the job's
  // own namespace, for the controller brings none to others.
  std::vector<UndeliveredSample> Tell(const api::FeedbackSample& sample, const base::Until& until);

  FeedbackCounts counts() const;

 private:
  void AddUndelivered(const TrainerLink& link, const api::FeedbackSample& sample,
                      const std::string& trouble, std::vector<UndeliveredSample>& undelivered);

  FeedbackOptions options_;
  base::Log log_;
  base::Guarded<FeedbackCounts> counts_;
  std::vector<std::unique_ptr<TrainerLink>> links_;
};

}  // namespace vmafx::node
