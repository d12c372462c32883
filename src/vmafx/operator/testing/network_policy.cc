#include "vmafx/operator/testing/network_policy.h"

#include <algorithm>

namespace vmafx::operators::testing {
namespace {

using kube::Json;
using Labels = std::map<std::string, std::string>;

constexpr char kNamespaceNameLabel[] = "kubernetes.io/metadata.name";

const Json& At(const Json& json, const char* field) {
  static const Json kNothing;
  auto found = json.find(field);
  return found == json.end() ? kNothing : *found;
}

bool Selects(const Json& selector, const Labels& labels) {
  // The chart writes none; one that is not understood selects nothing, which a test notices.
  if (!At(selector, "matchExpressions").is_null()) return false;
  const Json& wanted = At(selector, "matchLabels");
  return wanted.is_null() ||
         std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& label) {
           auto found = labels.find(label.key());
           return found != labels.end() && label.value() == found->second;
         });
}

bool IsPeer(const Json& peer, const std::string& policy_ns, const Place& place) {
  if (place.ns.empty() || peer.contains("ipBlock")) return false;
  const Json& namespaces = At(peer, "namespaceSelector");
  const bool in_namespace = namespaces.is_null()
                                ? place.ns == policy_ns
                                : Selects(namespaces, {{kNamespaceNameLabel, place.ns}});
  return in_namespace && Selects(At(peer, "podSelector"), place.labels);
}

bool HasPort(const Json& rule, const Flow& flow) {
  const Json& ports = At(rule, "ports");
  return ports.empty() || std::any_of(ports.begin(), ports.end(), [&](const Json& port) {
           const Json& number = At(port, "port");
           return port.value("protocol", "TCP") == flow.protocol &&
                  (number.is_null() || number == flow.port);
         });
}

// One end of the flow: `self` is whom the policies are about, `other` whom it talks with.
bool AllowsAt(const std::vector<kube::Object>& policies, const Place& self, const Place& other,
              const Flow& flow, const char* type, const char* rules, const char* peers) {
  if (self.ns.empty()) return true;
  bool fenced = false;
  for (const kube::Object& policy : policies) {
    const Json& spec = At(policy.json(), "spec");
    const Json& types = At(spec, "policyTypes");
    if (policy.kind().kind != "NetworkPolicy" || policy.ns() != self.ns ||
        !Selects(At(spec, "podSelector"), self.labels) ||
        std::find(types.begin(), types.end(), type) == types.end()) {
      continue;
    }
    fenced = true;
    for (const Json& rule : At(spec, rules)) {
      const Json& listed = At(rule, peers);
      const bool is_peer =
          listed.empty() || std::any_of(listed.begin(), listed.end(), [&](const Json& peer) {
            return IsPeer(peer, policy.ns(), other);
          });
      if (is_peer && HasPort(rule, flow)) return true;
    }
  }
  return !fenced;
}

}  // namespace

bool Allows(const std::vector<kube::Object>& policies, const Flow& flow) {
  return AllowsAt(policies, flow.from, flow.to, flow, "Egress", "egress", "to") &&
         AllowsAt(policies, flow.to, flow.from, flow, "Ingress", "ingress", "from");
}

}  // namespace vmafx::operators::testing
