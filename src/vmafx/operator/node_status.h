#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vmafx/api/node.h"
#include "vmafx/operator/node_probe.h"
#include "vmafx/operator/node_registry.h"
#include "vmafx/operator/worker_pod.h"

namespace vmafx::operators {

// With a running worker, so long a silence makes a VmafxNode unhealthy.
inline constexpr base::Duration kHeartbeatLimit = std::chrono::seconds(60);

// Where the word about a VmafxNode comes from: one source each, so that lastHeartbeat has one
// writer.
struct RefusedUrl {
  std::string why;
};
struct Probed {
  std::optional<Probe> last;
};
using NodeSource = std::variant<RefusedUrl, Probed, Registered>;

// All that the status of a VmafxNode is made of.
struct NodeView {
  api::Node node;
  std::vector<WorkerPod> pods;  // with its label, any order
  NodeSource source;
  base::WallTime now;
};

// The status as it should be. Pure, and the same for the same view. lastHeartbeat is never later
// than an answer that really came.
api::NodeStatus NextNodeStatus(const NodeView& view);

// When silence will have lasted too long if nothing is heard until then; nullopt when it cannot.
std::optional<base::Duration> TimeToSilence(const NodeView& view);

}  // namespace vmafx::operators
