#include "vmafx/controller/metrics.h"

#include <set>
#include <unordered_map>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/guarded.h"

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
  static const Histogram::BucketBoundaries bounds = {0.1, 0.5, 1,   2,   5,    10,   30,
                                                     60,  120, 300, 600, 1800, 3600, 7200};
  return bounds;
}

// VMAF is 0 to 100, and most of what people compare lies near the top.
const Histogram::BucketBoundaries& Scores() {
  static const Histogram::BucketBoundaries bounds = {10, 20, 30, 40, 50, 60, 70,
                                                     80, 85, 90, 93, 95, 97, 99};
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

// The values of one label, as long as they are few.
class Bounded {
 public:
  explicit Bounded(size_t most) : most_(most) {}
  std::string Label(const std::string& value) {
    return seen_.With([&](auto& seen) -> std::string {
      if (seen.contains(value)) return value;
      if (seen.size() >= most_) return "other";
      seen.insert(value);
      return value;
    });
  }

 private:
  size_t most_;
  base::Guarded<std::set<std::string>> seen_;
};

// When jobs under way were submitted and leased first.
class Stopwatch {
 public:
  explicit Stopwatch(size_t most) : most_(most) {}

  void Start(const std::string& job, base::Instant now) {
    starts_.With([&](auto& starts) {
      if (starts.size() < most_) starts[job] = now;
    });
  }
  // Since Start, which is forgotten; else `otherwise`.
  double Stop(const std::string& job, base::Instant now, int64_t otherwise) {
    return starts_.With([&](auto& starts) {
      const auto found = starts.find(job);
      if (found == starts.end()) return static_cast<double>(otherwise);
      const std::chrono::duration<double> took = now - found->second;
      starts.erase(found);
      return took.count();
    });
  }

 private:
  size_t most_;
  base::Guarded<std::unordered_map<std::string, base::Instant>> starts_;
};

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
  Counter& restarted = requeued.Add({{"reason", "controller_restart"}});
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
  Family<Histogram>& quality =
      MakeHistogram(registry, "vmafx_quality_score",
                    "Scores of completed jobs by model and by the backend asked for (profile)");
  Bounded models{kMostModels};
  Bounded profiles{kMostModels};

  Family<Counter>& feedback =
      MakeCounter(registry, "vmafx_controller_feedback_total",
                  "Samples that the controller brought to trainers in their workers' place");
  Counter& acknowledged = feedback.Add({{"outcome", "acknowledged"}});
  Counter& refused = feedback.Add({{"outcome", "refused"}});
  Counter& expired = feedback.Add({{"outcome", "expired"}});
  Gauge& feedback_waiting =
      MakeGauge(registry, "vmafx_controller_feedback_pending", "Samples that wait for a trainer");

  Counter& scores =
      MakeCounter(registry, "vmafx_server_score_requests_total", "Calls of POST /v1/score").Add({});
  Counter& score_errors = MakeCounter(registry, "vmafx_server_score_errors_total",
                                      "Calls of POST /v1/score that gave no score")
                              .Add({});
  Histogram& score_seconds =
      MakeHistogram(registry, "vmafx_server_score_duration_seconds", "How long POST /v1/score took")
          .Add({}, Seconds());
  Counter& health =
      MakeCounter(registry, "vmafx_server_health_requests_total", "Looks at health").Add({});
  Counter& ready =
      MakeCounter(registry, "vmafx_server_ready_requests_total", "Looks at readiness").Add({});

  Stopwatch waiting{kMostTimed};
  Stopwatch running_for{kMostTimed};

  void ObserveFirstLease(const Job& job, base::Instant now);
  void ObserveEnd(const Job& job, base::Instant now);
};

void Metrics::Families::ObserveFirstLease(const Job& job, base::Instant now) {
  wait.Observe(waiting.Stop(job.id, now, job.started_at - job.created_at));
  running_for.Start(job.id, now);
}

void Metrics::Families::ObserveEnd(const Job& job, base::Instant now) {
  (job.status == Status::kCompleted ? completed
   : job.status == Status::kFailed  ? failed
                                    : cancelled)
      .Increment();
  if (job.started_at != 0) {
    durations.Add({{"outcome", std::string(ToString(job.status))}}, Seconds())
        .Observe(running_for.Stop(job.id, now, job.finished_at - job.started_at));
  } else {
    (void)waiting.Stop(job.id, now, 0);
  }
  if (job.status != Status::kCompleted) return;
  const std::string model = job.scoring.model.empty() ? "default" : job.scoring.model;
  const std::string profile = job.scoring.backend.empty() ? "any" : job.scoring.backend;
  quality
      .Add({{"tenant", "default"},
            {"model", models.Label(model)},
            {"profile", profiles.Label(profile)}},
           Scores())
      .Observe(job.score);
}

Metrics::Metrics(const std::string& version) : families_(std::make_unique<Families>()) {
  prometheus::BuildGauge()
      .Name("vmafx_build_info")
      .Help("1, with the version as label")
      .Register(families_->registry)
      .Add({{"version", version}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::Observe(const Change& change, base::Instant now) {
  const Job& job = change.job;
  switch (change.event) {
    case Event::kSubmitted:
      families_->submitted.Increment();
      families_->waiting.Start(job.id, now);
      return;
    case Event::kLeased:
      if (job.attempt == 1) families_->ObserveFirstLease(job, now);
      return;
    case Event::kLeasedAgain:
      return;
    case Event::kReleased:
      families_->released.Increment();
      return;
    case Event::kLost:
      families_->lost.Increment();
      return;
    case Event::kLostByRestart:
      families_->restarted.Increment();
      return;
    case Event::kFinished:
      families_->ObserveEnd(job, now);
      return;
  }
}

void Metrics::CountFeedback(Delivered what, int64_t count) {
  (what == Delivered::kAcknowledged ? families_->acknowledged
   : what == Delivered::kRefused    ? families_->refused
                                    : families_->expired)
      .Increment(static_cast<double>(count));
}

void Metrics::CountScore(int status, double seconds) {
  families_->scores.Increment();
  if (status != 200) families_->score_errors.Increment();
  families_->score_seconds.Observe(seconds);
}

void Metrics::CountHealth() {
  families_->health.Increment();
}

void Metrics::CountReady() {
  families_->ready.Increment();
}

std::string Metrics::Render(const QueueDepth& depth, size_t live_nodes, int64_t now) {
  families_->pending.Set(static_cast<double>(depth.pending));
  families_->running.Set(static_cast<double>(depth.running));
  families_->oldest.Set(
      depth.oldest_pending_at == 0 ? 0 : static_cast<double>(now - depth.oldest_pending_at));
  families_->feedback_waiting.Set(static_cast<double>(depth.feedback));
  families_->nodes.Set(static_cast<double>(live_nodes));
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace vmafx::controller
