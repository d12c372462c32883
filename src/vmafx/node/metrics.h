#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "vmafx/node/assignment.h"
#include "vmafx/node/feedback.h"

namespace vmafx::node {

// This worker's Prometheus metrics. Thread-safe.
class Metrics {
 public:
  Metrics(const Identity& identity, const std::string& version);
  ~Metrics();

  // A job that ended here: "completed", "failed", "cancelled", "released", or "lost" (its report
  // was not accepted).
  void Observe(std::string_view outcome, base::Duration took);

  // The exposition text.
  std::string Render(size_t jobs_running, const FeedbackCounts& feedback);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace vmafx::node
