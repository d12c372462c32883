#include "vmafx/controller/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace vmafx::controller {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// There are no tenants yet; the label is part of the contract.
const prometheus::Labels& Tenant() {
  static const prometheus::Labels labels = {{"tenant", "default"}};
  return labels;
}

const Histogram::BucketBoundaries& Seconds() {
  static const Histogram::BucketBoundaries bounds = {1,   2,   5,   10,   30,   60,
                                                     120, 300, 600, 1800, 3600, 7200};
  return bounds;
}

Family<Counter>& MakeCounter(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Gauge& MakeGauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

Family<Histogram>& MakeHistogram(prometheus::Registry& registry, const char* name,
                                 const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  prometheus::Registry registry;
  Counter& submitted =
      MakeCounter(registry, "vmafx_controller_jobs_submitted_total", "Jobs stored").Add(Tenant());
  Counter& completed =
      MakeCounter(registry, "vmafx_controller_jobs_completed_total", "Jobs that ended with a score")
          .Add(Tenant());
  Counter& failed =
      MakeCounter(registry, "vmafx_controller_jobs_failed_total", "Jobs that ended without a score")
          .Add(Tenant());
  Counter& cancelled =
      MakeCounter(registry, "vmafx_controller_jobs_cancelled_total", "Jobs that were cancelled")
          .Add(Tenant());
  Family<Counter>& requeued = MakeCounter(registry, "vmafx_controller_jobs_requeued_total",
                                          "Jobs that went back to the queue");
  Counter& lost = requeued.Add({{"reason", "node_lost"}});
  Counter& released = requeued.Add({{"reason", "released"}});
  Gauge& pending = MakeGauge(registry, "vmafx_controller_jobs_pending", "Jobs that wait");
  Gauge& running = MakeGauge(registry, "vmafx_controller_jobs_running", "Jobs that a worker has");
  Gauge& oldest = MakeGauge(registry, "vmafx_controller_queue_oldest_job_age_seconds",
                            "Age of the oldest job that waits; 0 when none does");
  Gauge& nodes =
      MakeGauge(registry, "vmafx_controller_nodes_live", "Workers whose session is alive");
  Histogram& wait = MakeHistogram(registry, "vmafx_controller_job_queue_wait_seconds",
                                  "From submission to the first lease")
                        .Add({}, Seconds());
  Family<Histogram>& durations = MakeHistogram(registry, "vmafx_controller_job_duration_seconds",
                                               "From the first lease to the end");
};

Metrics::Metrics(const std::string& version) : families_(std::make_unique<Families>()) {
  prometheus::BuildGauge()
      .Name("vmafx_build_info")
      .Help("1, with the version as label")
      .Register(families_->registry)
      .Add({{"version", version}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::Observe(const Change& change) {
  const Job& job = change.job;
  switch (change.event) {
    case Event::kSubmitted:
      families_->submitted.Increment();
      return;
    case Event::kLeased:
      if (job.attempt == 1) {
        families_->wait.Observe(static_cast<double>(job.started_at - job.created_at));
      }
      return;
    case Event::kLeasedAgain:
      return;
    case Event::kReleased:
      families_->released.Increment();
      return;
    case Event::kLost:
      families_->lost.Increment();
      return;
    case Event::kFinished:
      break;
  }
  (job.status == Status::kCompleted ? families_->completed
   : job.status == Status::kFailed  ? families_->failed
                                    : families_->cancelled)
      .Increment();
  if (job.started_at == 0) return;
  families_->durations.Add({{"outcome", std::string(ToString(job.status))}}, Seconds())
      .Observe(static_cast<double>(job.finished_at - job.started_at));
}

std::string Metrics::Render(const QueueDepth& depth, size_t live_nodes, int64_t now) {
  families_->pending.Set(static_cast<double>(depth.pending));
  families_->running.Set(static_cast<double>(depth.running));
  families_->oldest.Set(
      depth.oldest_pending_at == 0 ? 0 : static_cast<double>(now - depth.oldest_pending_at));
  families_->nodes.Set(static_cast<double>(live_nodes));
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace vmafx::controller
