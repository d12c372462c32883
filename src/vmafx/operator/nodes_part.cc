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

class Nodes final : public ctrl::Part {
 public:
  Nodes(const NodesOptions& options, ControllerClient& platform, const PartContext& context)
      : stores_(context.stores.stores()),
        prober_(options.probe, context.clock, context.log,
                [this](const kube::Key& node) { controller_.queue().Add(node); }),
        registry_(platform, options.registry_period, context.clock, context.log,
                  [this](const kube::Key& node) { controller_.queue().Add(node); }),
        reconciler_(context.client, stores_.nodes, stores_.pods, prober_, registry_,
                    options.cluster_domain, context.clock, context.log),
        controller_({.name = "vmafxnode", .workers = options.workers}, reconciler_, context.clock,
                    context.log, context.metrics) {
    controller_.Watch(stores_.nodes, ctrl::ToItself());
    controller_.Watch(stores_.pods, ToNode);
  }
  ~Nodes() override { Stop(); }

  base::Result<> Start(const base::Until& until) override {
    prober_.Start();
    registry_.Start();
    return controller_.Start(until);
  }
  base::Result<> Ready() override { return controller_.Ready(); }
  void Stop() override {
    controller_.Stop();
    prober_.Stop();
    registry_.Stop();
  }

 private:
  Stores stores_;
  NodeProber prober_;
  NodeRegistry registry_;
  NodeReconciler reconciler_;
  ctrl::Controller controller_;
};

}  // namespace

ctrl::LatePart MakeNodesPart(NodesOptions options, ControllerClient& controller,
                             PartContext context) {
  return ctrl::LatePart([options = std::move(options), &controller, context = std::move(context)] {
    return std::make_unique<Nodes>(options, controller, context);
  });
}

}  // namespace vmafx::operators
