#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/object.h"
#include "vmafx/api/condition.h"

namespace vmafx::api {

// What has happened so far. Times are RFC 3339 text as Kubernetes writes them, "" when not yet.
struct NodeStatus {
  std::optional<bool> healthy;  // nullopt: not known yet
  std::string last_heartbeat;
  int64_t assigned_jobs = 0;
  std::string detected_device;
  int64_t observed_generation = 0;
  std::vector<Condition> conditions;
};

// A VmafxNode, without what only dispatch looks at.
struct Node {
  kube::Key key;
  std::string uid;
  int64_t generation = 0;
  std::string healthz_url;  // of the annotation kHealthzUrlAnnotation, or ""
  NodeStatus status;
};

// A VmafxNode as stored. kInvalid when a field has another type than the CRD's schema allows.
base::Result<Node> ReadNode(const kube::Object& object);

// The value of `.status`. Reading it back gives the same status; fields without a value are left
// out.
kube::Json WriteStatus(const NodeStatus& status);

// Whether the operator may ask `url` how a node is: http or https, and a host that is a Service's
// name, "*.svc" or "*.svc.CLUSTER_DOMAIN". So nobody who may write a VmafxNode can make the
// operator reach out of the cluster, to a node or to a cloud's metadata. kInvalid says what is
// wrong.
base::Result<> CheckHealthzUrl(std::string_view url, std::string_view cluster_domain);

}  // namespace vmafx::api
