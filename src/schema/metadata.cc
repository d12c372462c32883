#include "schema/metadata.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "schema/formats.h"

namespace schema {

const Json& MetadataSchema() {
  static const Json kSchema = [] {
    const Json text = {{"type", "string"}};
    const Json time = {{"type", "string"}, {"format", "date-time"}};
    const Json integer = {{"type", "integer"}, {"format", "int64"}};
    const Json flag = {{"type", "boolean"}};
    const Json texts = {{"type", "object"}, {"additionalProperties", text}};
    Json owner = {{"type", "object"}, {"required", {"apiVersion", "kind", "name", "uid"}}};
    owner["properties"] = {{"apiVersion", text}, {"kind", text},
                           {"name", text},       {"uid", text},
                           {"controller", flag}, {"blockOwnerDeletion", flag}};
    const Json anything = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    Json schema = {{"type", "object"}};
    schema["properties"] = {{"name", text},
                            {"generateName", text},
                            {"namespace", text},
                            {"labels", texts},
                            {"annotations", texts},
                            {"finalizers", {{"type", "array"}, {"items", text}}},
                            {"ownerReferences", {{"type", "array"}, {"items", owner}}},
                            {"uid", text},
                            {"resourceVersion", text},
                            {"selfLink", text},
                            {"generation", integer},
                            {"creationTimestamp", time},
                            {"deletionTimestamp", time},
                            {"deletionGracePeriodSeconds", integer},
                            {"managedFields", {{"type", "array"}, {"items", anything}}}};
    return schema;
  }();
  return kSchema;
}

namespace {

constexpr size_t kLongestName = 253;
constexpr size_t kLongestLabel = 63;

bool IsSubdomain(const std::string& text) {
  return text.size() <= kLongestName &&
         RE2::FullMatch(text, R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
}

bool IsLabelWord(const std::string& text) {
  return text.size() <= kLongestLabel &&
         RE2::FullMatch(text, "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?");
}

// "app", "example.com/app".
bool IsLabelKey(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return IsLabelWord(text);
  return IsSubdomain(text.substr(0, slash)) && IsLabelWord(text.substr(slash + 1));
}

// Their names may hold all that a path may.
bool IsFreelyNamed(const Json& object) {
  return value::FindString(object, {"apiVersion"}).starts_with("rbac.authorization.k8s.io/");
}

}  // namespace

std::vector<Finding> CheckNames(const Json& object) {
  std::vector<Finding> findings;
  const auto add = [&](Path path, std::string message) {
    findings.push_back(
        {Finding::Kind::kWrongValue, std::move(path), std::move(message), /*custom=*/true});
  };
  const std::string name = value::FindString(object, {"metadata", "name"});
  if (!name.empty() && !IsFreelyNamed(object) && !IsSubdomain(name)) {
    add({"metadata", "name"},
        fmt::format(
            "must be at most {} lower-case letters, digits, - and . that begin and end with "
            "a letter or digit, found {}",
            kLongestName, Show(name)));
  }
  for (const char* list : {"labels", "annotations"}) {
    const Json* entries = value::Find(object, {"metadata", list});
    if (entries == nullptr || !entries->is_object()) continue;
    const bool labels = std::string_view(list) == "labels";
    for (const auto& [key, value] : entries->items()) {
      if (!IsLabelKey(key)) add({"metadata", list, key}, "is no valid key");
      if (!labels || !value.is_string() || value.get<std::string>().empty()) continue;
      if (!IsLabelWord(value.get<std::string>())) {
        add({"metadata", list, key},
            fmt::format("must be at most {} letters, digits, -, _ and . that begin and end with a "
                        "letter or digit, found {}",
                        kLongestLabel, Show(value)));
      }
    }
  }
  return findings;
}

}  // namespace schema
