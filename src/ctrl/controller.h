#pragma once

#include <functional>
#include <string>
#include <vector>

#include <prometheus/registry.h>

#include "base/crew.h"
#include "base/log.h"
#include "ctrl/manager.h"
#include "ctrl/reconciler.h"
#include "ctrl/work_queue.h"
#include "kube/store.h"

namespace ctrl {

struct ControllerOptions {
  std::string name;  // in log lines and metrics
  int workers = 2;
  base::Duration turn_limit = std::chrono::seconds(30);  // longest one reconcile may take
  WorkQueueOptions queue;
};

// Which names a change of a watched object concerns. Runs on a watch thread: must not block.
using Mapper = std::function<std::vector<kube::Key>(const kube::Change&)>;

// The changed object itself.
Mapper ToItself();
// The object that owns the changed one as its controller, if that is of `kind`.
Mapper ToOwner(kube::Kind kind);

// Runs one reconciler for the names that its watches bring. Its metrics carry controller-runtime's
// names, which dashboards know. https://book.kubebuilder.io/reference/metrics-reference
class Controller final : public Part {
 public:
  // All references must outlive it.
  Controller(ControllerOptions options, Reconciler& reconciler, base::Clock& clock, base::Log log,
             prometheus::Registry& registry);
  ~Controller() override { Stop(); }

  // Before Start only. The store must outlive the controller.
  void Watch(kube::Store& store, Mapper mapper);

  WorkQueue& queue() { return queue_; }

  // Waits for the first LIST of every watched store, then subscribes and starts the workers.
  base::Result<> Start(const base::Until& until) override;
  // Names the watches whose copy is stale.
  base::Result<> Ready() override;
  // Lets running turns end (their `until` is stopped) and joins. Safe to repeat.
  void Stop() override;

 private:
  struct Source {
    kube::Store* store;
    Mapper mapper;
  };

  void Work(std::stop_token stop);
  void TakeTurn(const kube::Key& key, std::stop_token stop);

  ControllerOptions options_;
  Reconciler& reconciler_;
  base::Clock& clock_;
  base::Log log_;
  WorkQueue queue_;
  prometheus::Registry& registry_;
  std::vector<Source> sources_;
  base::Crew crew_;
  std::vector<kube::Store::Subscription> subscriptions_;
};

}  // namespace ctrl
