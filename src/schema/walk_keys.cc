// The walk along the keys of a path, without an object.

#include <fmt/format.h>

#include "base/text.h"
#include "schema/metadata.h"
#include "schema/walker.h"

namespace schema {

Walker::Below Walker::Step(const Node& node, const std::string& key, bool is_object,
                           Node& below) const {
  const Json* properties = node.Find("properties");
  const Json* others = node.Find("additionalProperties");
  const Json* items = node.Find("items");
  if (key.empty()) {
    const Json* any = items != nullptr ? items : others;
    if (any == nullptr || !any->is_object()) return Below::kAnything;
    below = Resolve(*any, node.custom);
    return Below::kNode;
  }
  const bool known = properties != nullptr && properties->contains(key);
  const bool header = is_object || node.Flag("x-kubernetes-embedded-resource");
  if (header && key == "metadata" && (!known || node.custom)) {
    below = {&MetadataSchema(), "", false};
    return Below::kNode;
  }
  if (header && !known && (key == "apiVersion" || key == "kind")) return Below::kAnything;
  if (known || (others != nullptr && others->is_object())) {
    below = Resolve(known ? (*properties)[key] : *others, node.custom);
    return Below::kNode;
  }
  const bool open = (others != nullptr && others->is_boolean() && others->get<bool>()) ||
                    node.Flag("x-kubernetes-preserve-unknown-fields") ||
                    (properties == nullptr && !node.custom) || node.Text("type") != "object";
  return open ? Below::kAnything : Below::kNothing;
}

std::string Walker::UnknownKey(const Json& schema, bool custom,
                               const std::vector<std::string>& keys) const {
  Node node = Resolve(schema, custom);
  bool is_object = true;
  for (const std::string& key : keys) {
    Node below;
    const Below found = Step(node, key, is_object, below);
    if (found == Below::kNothing) {
      std::vector<std::string> names;
      const Json* properties = node.Find("properties");
      if (properties != nullptr)
        for (const auto& [name, unused] : properties->items()) names.push_back(name);
      return fmt::format("unknown field \"{}\"{}", key, base::DidYouMean(key, names));
    }
    if (found == Below::kAnything || below.json == nullptr) return "";
    node = below;
    is_object = false;
  }
  return "";
}

}  // namespace schema
