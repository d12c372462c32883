#include "kube/all_kinds.h"

#include <algorithm>

#include "kube/discovery.h"
#include "kube/paths.h"

namespace kube {
namespace {

base::Result<std::vector<Resource>> KindsOf(Client& client, const Kind& group_version,
                                            const base::Until& until) {
  const std::string body = TRY(client.Raw("GET", GroupVersionPath(group_version), "", until));
  return ParseResources(TRY(value::ParseJson(body)), group_version);
}

}  // namespace

base::Result<std::vector<Resource>> AllKinds(Client& client, std::vector<std::string>* missing,
                                             const base::Until& until) {
  std::vector<Kind> versions = {{"", "v1", ""}};
  const Json groups = TRY(value::ParseJson(TRY(client.Raw("GET", "/apis", "", until))));
  const Json* list = value::Find(groups, {"groups"});
  for (const Json& group : list != nullptr && list->is_array() ? *list : Json::array())
    versions.push_back(
        Kind::Of(value::FindString(group, {"preferredVersion", "groupVersion"}), ""));
  std::vector<Resource> all;
  for (const Kind& version : versions) {
    auto kinds = KindsOf(client, version, until);
    if (kinds.ok()) {
      all.insert(all.end(), kinds->begin(), kinds->end());
    } else if (kinds.Is(base::Code::kTimeout) || kinds.Is(base::Code::kCancelled)) {
      return kinds.error();
    } else if (missing != nullptr) {
      missing->push_back(version.ApiVersion());
    }
  }
  return all;
}

bool Can(const Resource& resource, const std::string& verb) {
  return std::count(resource.verbs.begin(), resource.verbs.end(), verb) != 0;
}

}  // namespace kube
