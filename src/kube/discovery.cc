#include "kube/discovery.h"

namespace kube {

std::vector<Resource> ParseResources(const Json& list, const Kind& group_version) {
  std::vector<Resource> resources;
  const Json* entries = value::Find(list, {"resources"});
  if (entries == nullptr || !entries->is_array()) return resources;
  for (const Json& entry : *entries) {
    Resource resource;
    resource.plural = value::FindString(entry, {"name"});
    resource.kind = {group_version.group, group_version.version,
                     value::FindString(entry, {"kind"})};
    const bool subresource = resource.plural.find('/') != std::string::npos;
    if (subresource || resource.plural.empty() || resource.kind.kind.empty()) continue;
    const Json* namespaced = value::Find(entry, {"namespaced"});
    resource.namespaced =
        namespaced != nullptr && namespaced->is_boolean() && namespaced->get<bool>();
    const Json* verbs = value::Find(entry, {"verbs"});
    for (const Json& verb : verbs != nullptr && verbs->is_array() ? *verbs : Json::array()) {
      if (verb.is_string()) resource.verbs.push_back(verb.get<std::string>());
    }
    resources.push_back(std::move(resource));
  }
  return resources;
}

std::optional<Resource> DiscoveryCache::Find(const Kind& kind) const {
  return by_version_.Read([&](const auto& by_version) -> std::optional<Resource> {
    const auto known = by_version.find(kind.ApiVersion());
    if (known == by_version.end()) return std::nullopt;
    for (const Resource& resource : known->second) {
      if (resource.kind.kind == kind.kind) return resource;
    }
    return std::nullopt;
  });
}

void DiscoveryCache::Put(const Kind& kind, std::vector<Resource> resources) {
  by_version_.With([&](auto& by_version) { by_version[kind.ApiVersion()] = std::move(resources); });
}

void DiscoveryCache::Forget(const Kind& kind) {
  by_version_.With([&](auto& by_version) { by_version.erase(kind.ApiVersion()); });
}

}  // namespace kube
