#include "vmafx/operator/nodes_part.h"

#include "ctrl/controller.h"
#include "vmafx/api/names.h"
#include "vmafx/operator/node_reconciler.h"

namespace vmafx::operators {
namespace {

// The VmafxNode that gave a worker Pod its slot.
std::vector<kube::Key> ToNode(const kube::Change& change) {
  const std::string node = change.object->Label(std::string(api::kNodeLabel));
  if (node.empty()) return {};
  return {{change.object->ns(), node}};
}

}  // namespace

struct NodesPart::Running {
  explicit Running(NodesPart& part)
      : stores(part.stores_.stores()),
        prober(part.options_.probe, part.clock_, part.log_,
               [this](const kube::Key& node) { controller.queue().Add(node); }),
        registry(part.controller_, part.options_.registry_period, part.clock_, part.log_,
                 [this](const kube::Key& node) { controller.queue().Add(node); }),
        reconciler(part.client_, stores.nodes, stores.pods, prober, registry,
                   part.options_.cluster_domain, part.clock_, part.log_),
        controller({.name = "vmafxnode", .workers = part.options_.workers}, reconciler, part.clock_,
                   part.log_, part.metrics_) {
    controller.Watch(stores.nodes, ctrl::ToItself());
    controller.Watch(stores.pods, ToNode);
  }
  ~Running() {
    controller.Stop();
    prober.Stop();
    registry.Stop();
  }

  Stores stores;
  NodeProber prober;
  NodeRegistry registry;
  NodeReconciler reconciler;
  ctrl::Controller controller;
};

NodesPart::NodesPart(NodesOptions options, kube::Client& client, ControllerClient& controller,
                     StoresPart& stores, base::Clock& clock, base::Log log,
                     prometheus::Registry& registry)
    : options_(std::move(options)),
      client_(client),
      controller_(controller),
      stores_(stores),
      clock_(clock),
      log_(std::move(log)),
      metrics_(registry) {}

NodesPart::~NodesPart() = default;

base::Result<> NodesPart::Start(const base::Until& until) {
  running_ = std::make_unique<Running>(*this);
  running_->prober.Start();
  running_->registry.Start();
  auto started = running_->controller.Start(until);
  if (!started.ok()) running_.reset();
  return started;
}

base::Result<> NodesPart::Ready() {
  return running_->controller.Ready();
}

void NodesPart::Stop() {
  running_.reset();
}

}  // namespace vmafx::operators
