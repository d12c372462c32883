#pragma once

#include <memory>

#include <prometheus/registry.h>

#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/client.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/node_probe.h"
#include "vmafx/operator/stores_part.h"

namespace vmafx::operators {

struct NodesOptions {
  int workers = 2;  // nodes looked at at once
  NodeProberOptions probe;
  base::Duration registry_period = std::chrono::seconds(5);
  std::string cluster_domain = "cluster.local";
};

// Looks after VmafxNodes: their probes, the controller's registry, the reconciler.
class NodesPart final : public ctrl::Part {
 public:
  // All must outlive it. `stores` is started before this.
  NodesPart(NodesOptions options, kube::Client& client, ControllerClient& controller,
            StoresPart& stores, base::Clock& clock, base::Log log, prometheus::Registry& registry);
  ~NodesPart() override;

  base::Result<> Start(const base::Until& until) override;
  base::Result<> Ready() override;
  void Stop() override;

 private:
  struct Running;

  const NodesOptions options_;
  kube::Client& client_;
  ControllerClient& controller_;
  StoresPart& stores_;
  base::Clock& clock_;
  base::Log log_;
  prometheus::Registry& metrics_;
  std::unique_ptr<Running> running_;
};

}  // namespace vmafx::operators
