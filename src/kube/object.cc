#include "kube/object.h"

#include "base/text.h"

namespace kube {
namespace {

// The value of `field`, or "" when it is absent or no string.
std::string Text(const Json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool IsController(const Json& reference) {
  const auto found = reference.is_object() ? reference.find("controller") : reference.end();
  return found != reference.end() && found->is_boolean() && found->get<bool>();
}

}  // namespace

Kind Kind::Of(std::string_view api_version, std::string_view kind) {
  const size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)),
          std::string(kind)};
}

Kind Object::kind() const {
  return Kind::Of(kube::Text(json_, "apiVersion"), kube::Text(json_, "kind"));
}

std::string Object::Metadata(const char* field) const {
  const auto metadata = json_.is_object() ? json_.find("metadata") : json_.end();
  return metadata == json_.end() ? "" : kube::Text(*metadata, field);
}

std::string Object::Label(const std::string& key) const {
  return String({"metadata", "labels", key});
}

std::string Object::Annotation(const std::string& key) const {
  return String({"metadata", "annotations", key});
}

std::vector<Object::Owner> Object::owners() const {
  std::vector<Owner> owners;
  const Json* references = Find({"metadata", "ownerReferences"});
  if (references == nullptr || !references->is_array()) return owners;
  for (const Json& reference : *references) {
    owners.push_back({kube::Text(reference, "apiVersion"), kube::Text(reference, "kind"),
                      kube::Text(reference, "name"), kube::Text(reference, "uid"),
                      IsController(reference)});
  }
  return owners;
}

std::string Object::Condition(const std::string& type) const {
  const Json* conditions = Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const Json& condition : *conditions) {
    if (kube::Text(condition, "type") == type) return kube::Text(condition, "status");
  }
  return "";
}

std::string Object::Text() const {
  return kind().kind + " " + key().Text();
}

bool MatchesLabels(const Object& object, const std::map<std::string, std::string>& labels) {
  if (labels.empty()) return true;
  const Json* own = object.Find({"metadata", "labels"});
  if (own == nullptr || !own->is_object()) return false;
  for (const auto& [key, value] : labels) {
    const auto found = own->find(key);
    if (found == own->end() || *found != value) return false;
  }
  return true;
}

std::string LabelSelector(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : labels) parts.push_back(key + "=" + value);
  return base::Join(parts, ",");
}

}  // namespace kube
