#include "schema/catalog.h"

#include <memory>

namespace schema {
namespace {

using base::Code;
using base::Fail;

// Kinds that are parts of requests to many groups, and lists: nobody writes them into a file.
bool IsWritten(const Json& component, const std::string& kind) {
  const Json* kinds = value::Find(component, {"x-kubernetes-group-version-kind"});
  return kinds != nullptr && kinds->size() == 1 && !kind.ends_with("List");
}

}  // namespace

std::string GroupOf(const std::string& api_version) {
  const size_t slash = api_version.find('/');
  return slash == std::string::npos ? "" : api_version.substr(0, slash);
}

void Catalog::AddGroupVersions(const std::vector<std::string>& group_versions) {
  for (const std::string& one : group_versions) versions_.try_emplace(one);
}

void Catalog::AddDocument(const std::string& group_version, Json document) {
  const auto shared = std::make_shared<const Json>(std::move(document));
  Version& version = versions_[group_version];
  version.read = true;
  const Json* components = value::Find(*shared, {"components", "schemas"});
  if (components == nullptr || !components->is_object()) return;
  for (const auto& [name, component] : components->items()) {
    const Json* kinds = value::Find(component, {"x-kubernetes-group-version-kind"});
    if (kinds == nullptr || !kinds->is_array()) continue;
    for (const Json& one : *kinds) {
      const std::string group = value::FindString(one, {"group"});
      const std::string number = value::FindString(one, {"version"});
      const std::string kind = value::FindString(one, {"kind"});
      if ((group.empty() ? number : group + "/" + number) != group_version) continue;
      if (!IsWritten(component, kind)) continue;
      if (custom_.count(group + "/" + kind) != 0) continue;
      version.kinds[kind] = {shared, &component, !name.starts_with("io.k8s.")};
    }
  }
}

base::Result<> Catalog::AddDefinition(const Json& definition) {
  const std::string group = value::FindString(definition, {"spec", "group"});
  const std::string kind = value::FindString(definition, {"spec", "names", "kind"});
  const Json* list = value::Find(definition, {"spec", "versions"});
  if (group.empty() || kind.empty() || list == nullptr || !list->is_array() || list->empty())
    return Fail(Code::kInvalid, "a CustomResourceDefinition has group, names.kind and versions");
  std::set<std::string>& versions = custom_[group + "/" + kind];
  for (const std::string& old : versions) versions_[group + "/" + old].kinds.erase(kind);
  versions.clear();
  for (const Json& one : *list) {
    const std::string number = value::FindString(one, {"name"});
    const Json* served = value::Find(one, {"served"});
    if (number.empty() || (served != nullptr && *served == false)) continue;
    versions.insert(number);
    const Json* node = value::Find(one, {"schema", "openAPIV3Schema"});
    Schema schema;
    if (node != nullptr && node->is_object()) {
      const auto shared = std::make_shared<const Json>(*node);
      schema = {shared, shared.get(), true};
    }
    versions_[group + "/" + number].kinds[kind] = schema;
  }
  return base::Ok();
}

Catalog::Answer Catalog::Find(const std::string& api_version, const std::string& kind) const {
  using Known = Answer::Known;
  const std::string group = GroupOf(api_version);
  const auto version = versions_.find(api_version);
  if (version != versions_.end()) {
    const auto found = version->second.kinds.find(kind);
    if (found != version->second.kinds.end()) {
      return found->second.node == nullptr ? Answer{Known::kNoSchema, {}, {}}
                                           : Answer{Known::kKind, found->second, {}};
    }
  }
  const auto custom = custom_.find(group + "/" + kind);
  if (custom != custom_.end()) {
    return {Known::kNoVersion, {}, {custom->second.begin(), custom->second.end()}};
  }
  if (version != versions_.end()) {
    Answer answer{version->second.read ? Known::kNoKind : Known::kNothing, {}, {}};
    for (const auto& [name, unused] : version->second.kinds) answer.others.push_back(name);
    return answer;
  }
  Answer answer;
  for (const auto& [name, one] : versions_) {
    // A group of which only some definitions are here may have other versions of other kinds.
    if (GroupOf(name) != group || !one.read) continue;
    answer.known = Known::kNoVersion;
  }
  if (answer.known == Known::kNoVersion) {
    for (const auto& [name, one] : versions_)
      if (GroupOf(name) == group) answer.others.push_back(name);
  }
  return answer;
}

}  // namespace schema
