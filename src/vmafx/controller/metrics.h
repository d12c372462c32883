#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "vmafx/controller/job.h"
#include "vmafx/controller/outbox.h"
#include "vmafx/controller/store.h"

namespace vmafx::controller {

// The controller's Prometheus metrics. Thread-safe.
class Metrics {
 public:
  // Label values that come from outside are kept apart up to so many; the rest are "other".
  static constexpr size_t kMostModels = 64;
  // Of so many jobs under way the times are exact; of others, and of those from before a restart,
  // they are whole seconds, as they are stored.
  static constexpr size_t kMostTimed = 100'000;

  explicit Metrics(const std::string& version);
  ~Metrics();

  // `now` is when the change was committed.
  void Observe(const Change& change, base::Instant now);
  void CountFeedback(Delivered what, int64_t count);

  // REST: one POST /v1/score with its status and time; one look at health or readiness.
  void CountScore(int status, double seconds);
  void CountHealth();
  void CountReady();

  // The exposition text. `now` in Unix seconds.
  std::string Render(const QueueDepth& depth, size_t live_nodes, int64_t now);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace vmafx::controller
