#pragma once

#include "ctrl/late_part.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/node_probe.h"
#include "vmafx/operator/part_context.h"

namespace vmafx::operators {

struct NodesOptions {
  int workers = 2;  // nodes looked at at once
  NodeProberOptions probe;
  base::Duration registry_period = std::chrono::seconds(5);
  std::string cluster_domain = "cluster.local";
};

// Looks after VmafxNodes: their probes, the controller's registry, the reconciler. `controller`
// must outlive it.
ctrl::LatePart MakeNodesPart(NodesOptions options, ControllerClient& controller,
                             PartContext context);

}  // namespace vmafx::operators
