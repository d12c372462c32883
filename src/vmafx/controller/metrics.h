#pragma once

#include <memory>
#include <string>

#include "vmafx/controller/job.h"
#include "vmafx/controller/store.h"

namespace vmafx::controller {

// The controller's Prometheus metrics. Thread-safe.
class Metrics {
 public:
  explicit Metrics(const std::string& version);
  ~Metrics();

  void Observe(const Change& change);

  // The exposition text. `now` in Unix seconds.
  std::string Render(const QueueDepth& depth, size_t live_nodes, int64_t now);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace vmafx::controller
