#pragma once

#include "base/log.h"
#include "ctrl/reconciler.h"
#include "kube/client.h"
#include "kube/store.h"
#include "vmafx/operator/node_probe.h"
#include "vmafx/operator/node_registry.h"
#include "vmafx/operator/node_status.h"

namespace vmafx::operators {

// Keeps the status of one VmafxNode: who looks after it, and what was found. Never waits for a
// node: the prober and the registry do that on threads of their own.
class NodeReconciler final : public ctrl::Reconciler {
 public:
  // All must outlive it. `cluster_domain`: "cluster.local".
  NodeReconciler(kube::Writer& writer, kube::Store& nodes, const kube::Store& pods,
                 NodeProber& prober, NodeRegistry& registry, std::string cluster_domain,
                 base::Clock& clock, base::Log log);

  base::Result<ctrl::Outcome> Reconcile(const kube::Key& key, const base::Until& until) override;

 private:
  // Sees to it that the node's own source, and no other, is asked.
  NodeSource Source(const api::Node& node);
  std::vector<WorkerPod> PodsOf(const kube::Key& node) const;

  kube::Writer& writer_;
  kube::Store& nodes_;
  const kube::Store& pods_;
  NodeProber& prober_;
  NodeRegistry& registry_;
  const std::string cluster_domain_;
  base::Clock& clock_;
  base::Log log_;
};

}  // namespace vmafx::operators
