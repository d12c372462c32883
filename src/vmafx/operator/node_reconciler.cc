#include "vmafx/operator/node_reconciler.h"

#include "vmafx/api/names.h"

namespace vmafx::operators {

using ctrl::Outcome;

NodeReconciler::NodeReconciler(kube::Writer& writer, kube::Store& nodes, const kube::Store& pods,
                               NodeProber& prober, NodeRegistry& registry,
                               std::string cluster_domain, base::Clock& clock, base::Log log)
    : writer_(writer),
      nodes_(nodes),
      pods_(pods),
      prober_(prober),
      registry_(registry),
      cluster_domain_(std::move(cluster_domain)),
      clock_(clock),
      log_(std::move(log)) {}

base::Result<Outcome> NodeReconciler::Reconcile(const kube::Key& key, const base::Until& until) {
  const kube::ObjectPtr object = nodes_.Find(key);
  if (object == nullptr || object->deleting()) {
    prober_.Forget(key);
    registry_.Forget(key);
    return Outcome::Done();
  }
  const api::Node node = TRY(api::ReadNode(*object));
  const NodeView view{node, PodsOf(key), Source(node), clock_.WallNow()};
  const api::NodeStatus next = NextNodeStatus(view);
  kube::Json json = api::WriteStatus(next);
  if (json != api::WriteStatus(node.status)) {
    if (next.healthy != node.status.healthy && next.healthy) {
      const api::Condition* ready = api::FindCondition(next.conditions, api::kReadyCondition);
      log_.Info(*next.healthy ? "node is ready" : "node is not ready",
                {{"node", key.Text()}, {"why", ready->message}});
    }
    kube::Object changed = *object;
    changed.json()["status"] = std::move(json);
    auto stored = writer_.UpdateStatus(changed, until);
    if (stored.Is(base::Code::kNotFound)) return Outcome::Done();  // its removal will be heard
    // The next turn must not start from an older copy.
    TRY(nodes_.WaitForVersion(TRY(std::move(stored)).resource_version(), until));
  }
  const auto silence = TimeToSilence(view);
  return silence ? Outcome::Again(*silence) : Outcome::Done();
}

NodeSource NodeReconciler::Source(const api::Node& node) {
  if (node.healthz_url.empty()) {
    prober_.Forget(node.key);
    return registry_.Follow(node.key);
  }
  registry_.Forget(node.key);
  auto checked = api::CheckHealthzUrl(node.healthz_url, cluster_domain_);
  if (!checked.ok()) {
    prober_.Forget(node.key);
    return RefusedUrl{checked.error().message()};
  }
  return Probed{prober_.Follow(node.key, node.uid, node.healthz_url)};
}

std::vector<WorkerPod> NodeReconciler::PodsOf(const kube::Key& node) const {
  std::vector<WorkerPod> pods;
  for (const kube::ObjectPtr& pod :
       pods_.List(node.ns, {{std::string(api::kNodeLabel), node.name}})) {
    pods.push_back(ReadWorkerPod(*pod));
  }
  return pods;
}

}  // namespace vmafx::operators
