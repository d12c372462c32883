#include "ctrl/controller.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include "base/text.h"

namespace ctrl {
namespace {

prometheus::Counter& Turns(prometheus::Registry& registry, const std::string& controller,
                           const std::string& result) {
  return prometheus::BuildCounter()
      .Name("controller_runtime_reconcile_total")
      .Help("Reconciles by their result")
      .Register(registry)
      .Add({{"controller", controller}, {"result", result}});
}

prometheus::Histogram& TurnSeconds(prometheus::Registry& registry, const std::string& controller) {
  return prometheus::BuildHistogram()
      .Name("controller_runtime_reconcile_time_seconds")
      .Help("How long a reconcile took")
      .Register(registry)
      .Add({{"controller", controller}},
           prometheus::Histogram::BucketBoundaries{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
                                                   5, 10, 30});
}

prometheus::Gauge& Gauge(prometheus::Registry& registry, const std::string& name,
                         const std::string& help, const prometheus::Labels& labels) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

}  // namespace

Mapper ToItself() {
  return [](const kube::Change& change) { return std::vector<kube::Key>{change.object->key()}; };
}

Mapper ToOwner(kube::Kind kind) {
  return [kind = std::move(kind)](const kube::Change& change) {
    std::vector<kube::Key> keys;
    for (const kube::Object::Owner& owner : change.object->owners()) {
      if (owner.kind == kind.kind && owner.api_version == kind.ApiVersion()) {
        keys.push_back({change.object->ns(), owner.name});
      }
    }
    return keys;
  };
}

Controller::Controller(ControllerOptions options, Reconciler& reconciler, base::Clock& clock,
                       base::Log log, prometheus::Registry& registry)
    : options_(std::move(options)),
      reconciler_(reconciler),
      clock_(clock),
      log_(log.With("controller", options_.name)),
      queue_(clock, options_.queue),
      registry_(registry) {}

void Controller::Watch(kube::Store& store, Mapper mapper) {
  sources_.push_back({&store, std::move(mapper)});
}

base::Result<> Controller::Start(const base::Until& until) {
  for (const Source& source : sources_) {
    TRY(source.store->WaitSynced(until).During("waiting for all " + source.store->kind().kind));
  }
  for (const Source& source : sources_) {
    subscriptions_.push_back(source.store->Subscribe([this, &source](const kube::Change& change) {
      if (change.type == kube::ChangeType::kBookmark) return;
      for (const kube::Key& key : source.mapper(change)) queue_.Add(key);
    }));
  }
  for (int i = 0; i < options_.workers; ++i) {
    crew_.Start(fmt::format("{}/{}", options_.name, i),
                [this](std::stop_token stop) { Work(std::move(stop)); });
  }
  return base::Ok();
}

base::Result<> Controller::Ready() {
  for (const Source& source : sources_) {
    const kube::Store::Snapshot snapshot = source.store->Get();
    if (!snapshot.last_error.empty()) {
      return base::Fail(base::Code::kUnavailable, "the watch of {}: {}", source.store->kind().kind,
                        snapshot.last_error);
    }
  }
  return base::Ok();
}

void Controller::Stop() {
  subscriptions_.clear();
  queue_.Close();
  crew_.StopAndJoin();
}

void Controller::Work(std::stop_token stop) {
  const base::Until forever(clock_, base::Instant::max(), stop);
  auto& depth = Gauge(registry_, "workqueue_depth", "Names that wait", {{"name", options_.name}});
  auto& active = Gauge(registry_, "controller_runtime_active_workers", "Workers with a name",
                       {{"controller", options_.name}});
  while (true) {
    auto key = queue_.Take(forever);
    if (!key.ok()) return;
    depth.Set(static_cast<double>(queue_.sizes().ready));
    active.Increment();
    TakeTurn(*key, stop);
    active.Decrement();
  }
}

void Controller::TakeTurn(const kube::Key& key, std::stop_token stop) {
  const base::Instant start = clock_.Now();
  auto outcome =
      reconciler_.Reconcile(key, base::Until::After(clock_, options_.turn_limit, std::move(stop)));
  const std::chrono::duration<double> spent = clock_.Now() - start;
  TurnSeconds(registry_, options_.name).Observe(spent.count());
  if (outcome.ok()) {
    Turns(registry_, options_.name, outcome->again_after ? "requeue_after" : "success").Increment();
    queue_.Done(key, outcome->again_after);
    return;
  }
  Turns(registry_, options_.name, "error").Increment();
  const base::Error& error = outcome.error();
  const base::Duration delay = queue_.Failed(key);
  const std::string again = base::FormatSpan(delay);
  // A conflict or a stop is the ordinary course of things; all else deserves a reader.
  if (error.code() == base::Code::kConflict || error.code() == base::Code::kCancelled) {
    log_.Debug("reconcile again", {{"key", key.Text()}, {"why", error.message()}, {"in", again}});
  } else {
    log_.Warn("reconcile failed", {{"key", key.Text()}, {"why", error.message()}, {"in", again}});
  }
}

}  // namespace ctrl
