#include "vmafx/node/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace vmafx::node {

namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

constexpr const char* kOutcomes[] = {"completed", "failed", "cancelled", "released", "lost"};

const Histogram::BucketBoundaries& Seconds() {
  static const Histogram::BucketBoundaries bounds = {0.1, 0.5, 1,   2.5, 5,    10,   30,
                                                     60,  120, 300, 600, 1800, 3600, 7200};
  return bounds;
}

Family<Gauge>& MakeGauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

}  // namespace

struct Metrics::Families {
  explicit Families(std::string backend_name) : backend(std::move(backend_name)) {
    // From the start, so that a rate over them is never without its first job.
    for (const char* outcome : kOutcomes) jobs.Add({{"backend", backend}, {"outcome", outcome}});
  }

  std::string backend;
  prometheus::Registry registry;
  Family<Counter>& jobs = prometheus::BuildCounter()
                              .Name("vmafx_node_jobs_total")
                              .Help("Jobs that ended here, by outcome")
                              .Register(registry);
  Histogram& durations = prometheus::BuildHistogram()
                             .Name("vmafx_node_job_duration_seconds")
                             .Help("From the pull to the accepted report")
                             .Register(registry)
                             .Add({{"backend", backend}}, Seconds());
  Gauge& running = MakeGauge(registry, "vmafx_node_jobs_running", "Jobs under way here").Add({});
  Family<Counter>& feedback =
      prometheus::BuildCounter()
          .Name("vmafx_node_feedback_samples_total")
          .Help(
              "Samples for trainers: acknowledged; deferred: handed to the controller; refused "
              "by the trainer; dropped: nobody to hand it to")
          .Register(registry);

  void SetFeedback(const char* outcome, uint64_t count) {
    Counter& counter = feedback.Add({{"outcome", outcome}});
    counter.Increment(static_cast<double>(count) - counter.Value());
  }
};

Metrics::Metrics(const Identity& identity, const std::string& version)
    : families_(std::make_unique<Families>(identity.backend)) {
  prometheus::Registry& registry = families_->registry;
  MakeGauge(registry, "vmafx_build_info", "1, with the version as label")
      .Add({{"version", version}})
      .Set(1);
  MakeGauge(registry, "vmafx_node_info", "1, with what scores here as labels")
      .Add({{"backend", identity.backend}, {"vendor", "cpu"}})
      .Set(1);
  MakeGauge(registry, "vmafx_node_slots", "Jobs that this worker does at once")
      .Add({})
      .Set(identity.slots);
}

Metrics::~Metrics() = default;

void Metrics::Observe(std::string_view outcome, base::Duration took) {
  families_->jobs.Add({{"backend", families_->backend}, {"outcome", std::string(outcome)}})
      .Increment();
  families_->durations.Observe(std::chrono::duration<double>(took).count());
}

std::string Metrics::Render(size_t jobs_running, const FeedbackCounts& feedback) {
  families_->running.Set(static_cast<double>(jobs_running));
  families_->SetFeedback("acknowledged", feedback.acknowledged);
  families_->SetFeedback("deferred", feedback.deferred);
  families_->SetFeedback("refused", feedback.refused);
  families_->SetFeedback("dropped", feedback.dropped);
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace vmafx::node
