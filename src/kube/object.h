#pragma once

// kube: the Kubernetes API from C++: objects, client, watch, store. HTTP is net::Http's; objects
// stay JSON. https://kubernetes.io/docs/reference/using-api/api-concepts/

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "value/json.h"

namespace kube {

using value::Json;

// Group, version and kind: what a manifest names.
struct Kind {
  std::string group;    // "" for core
  std::string version;  // "v1"
  std::string kind;     // "Pod"

  // "v1" or "apps/v1".
  std::string ApiVersion() const { return group.empty() ? version : group + "/" + version; }
  // From apiVersion and kind as in a manifest.
  static Kind Of(std::string_view api_version, std::string_view kind);
  auto operator<=>(const Kind&) const = default;
};

// A kind as the API server serves it: from discovery.
struct Resource {
  Kind kind;
  std::string plural;  // "pods"
  bool namespaced = false;
  std::vector<std::string> verbs;
};

// Namespace and name; ns is "" for cluster-scoped objects.
struct Key {
  std::string ns;
  std::string name;
  // "default/web", or "web" without a namespace.
  std::string Text() const { return ns.empty() ? name : ns + "/" + name; }
  auto operator<=>(const Key&) const = default;
};

// One object: a JSON value with accessors for what all objects have. A value type. Accessors of
// absent fields give "" or empty.
class Object {
 public:
  Object() = default;
  explicit Object(Json json) : json_(std::move(json)) {}

  const Json& json() const { return json_; }
  Json& json() { return json_; }

  Kind kind() const;
  Key key() const { return {ns(), name()}; }
  std::string name() const { return Metadata("name"); }
  std::string ns() const { return Metadata("namespace"); }
  std::string uid() const { return Metadata("uid"); }
  std::string resource_version() const { return Metadata("resourceVersion"); }
  bool deleting() const { return !Metadata("deletionTimestamp").empty(); }
  std::string Label(const std::string& key) const;
  std::string Annotation(const std::string& key) const;
  struct Owner {
    std::string api_version, kind, name, uid;
    bool controller = false;  // the one that manages this object
  };
  std::vector<Owner> owners() const;

  // The value below the root, e.g. Find({"status", "phase"}); null when absent.
  const Json* Find(const std::vector<std::string>& path) const { return value::Find(json_, path); }
  std::string String(const std::vector<std::string>& path) const {
    return value::FindString(json_, path);
  }
  // status.conditions[type].status, or "" when there is no such condition.
  std::string Condition(const std::string& type) const;

  // "Pod default/web".
  std::string Text() const;

 private:
  std::string Metadata(const char* field) const;
  Json json_;
};

using ObjectPtr = std::shared_ptr<const Object>;

// Equality-based label selection: every pair must be there.
bool MatchesLabels(const Object& object, const std::map<std::string, std::string>& labels);
// "a=b,c=d".
std::string LabelSelector(const std::map<std::string, std::string>& labels);

}  // namespace kube
