#include "trial/cluster_schemas.h"

#include <string_view>
#include <vector>

namespace trial {
namespace {

// "apps/v1" of "apis/apps/v1", "v1" of "api/v1"; "" of paths that belong to no group version.
std::string GroupVersionOf(std::string_view path) {
  if (path.starts_with("api/")) return std::string(path.substr(4));
  if (!path.starts_with("apis/")) return "";
  path.remove_prefix(5);
  return path.find('/') == std::string_view::npos ? "" : std::string(path);
}

}  // namespace

base::Result<std::string> AddClusterSchemas(
    kube::Client& client, const std::function<bool(const std::string& group_version)>& wanted,
    schema::Catalog& catalog, const base::Until& until) {
  const value::Json version = TRY(value::ParseJson(TRY(client.Raw("GET", "/version", "", until))));
  const value::Json index = TRY(value::ParseJson(TRY(client.Raw("GET", "/openapi/v3", "", until))));
  const value::Json* paths = value::Find(index, {"paths"});
  if (paths == nullptr || !paths->is_object())
    return base::Fail(base::Code::kInvalid, "/openapi/v3 of the API server lists no paths");
  std::vector<std::string> group_versions;
  for (const auto& [path, entry] : paths->items()) {
    const std::string group_version = GroupVersionOf(path);
    if (group_version.empty()) continue;
    group_versions.push_back(group_version);
    if (!wanted(group_version)) continue;
    const std::string url = value::FindString(entry, {"serverRelativeURL"});
    catalog.AddDocument(group_version,
                        TRY(value::ParseJson(TRY(client.Raw("GET", url, "", until)))));
  }
  catalog.AddGroupVersions(group_versions);
  return value::FindString(version, {"gitVersion"});
}

}  // namespace trial
