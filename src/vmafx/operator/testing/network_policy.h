#pragma once

#include <map>
#include <string>
#include <vector>

#include "kube/object.h"

namespace vmafx::operators::testing {

// Where a connection begins or ends: a Pod, or (without a namespace) something outside of the
// cluster's Pods, as the API server and the internet are.
struct Place {
  std::string ns;
  std::map<std::string, std::string> labels;
};

struct Flow {
  Place from;
  Place to;
  int port = 0;
  std::string protocol = "TCP";
};

// Whether these NetworkPolicies let `flow` through, by the rules of
// https://kubernetes.io/docs/concepts/services-networking/network-policies/ - the bridge CNI
// enforces none, so this is who judges them. Ports are numbers; an ipBlock matches nothing. Answers
// of the other direction and the kubelet's probes are always let through and not asked about.
bool Allows(const std::vector<kube::Object>& policies, const Flow& flow);

}  // namespace vmafx::operators::testing
