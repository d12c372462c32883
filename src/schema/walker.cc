#include "schema/walker.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "schema/formats.h"
#include "schema/metadata.h"

namespace schema {
namespace {

constexpr std::string_view kComponents = "#/components/schemas/";
constexpr int kLongestChain = 16;   // of references that lead to references
constexpr int kDeepestJunctor = 8;  // anyOf within oneOf within ...

// Components of Kubernetes itself; all others are those of CustomResourceDefinitions and of
// aggregated API servers.
bool IsBuiltIn(std::string_view component) {
  return component.starts_with("io.k8s.");
}

std::string TypeName(const std::string& type) {
  if (type == "string") return "a string";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  return "a map";
}

bool IsOfType(const std::string& type, const Json& value) {
  if (type == "string") return value.is_string();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return true;
}

// YAML takes 1, yes and 1.20 for something else than text.
std::string QuoteHint(const std::string& type, const Json& value) {
  const bool scalar = value.is_boolean() || value.is_number();
  return type == "string" && scalar ? fmt::format(" (write it in quotes: \"{}\")", value.dump())
                                    : "";
}

std::vector<std::string> Keys(const Json* map) {
  std::vector<std::string> keys;
  if (map == nullptr || !map->is_object()) return keys;
  for (const auto& [key, unused] : map->items()) keys.push_back(key);
  return keys;
}

}  // namespace

const Json* Node::Find(const char* key) const {
  if (json == nullptr || !json->is_object()) return nullptr;
  const auto found = json->find(key);
  return found == json->end() ? nullptr : &*found;
}

bool Node::Flag(const char* key) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::string Node::Text(const char* key) const {
  const Json* found = Find(key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

// A reference is written bare, or as the one part of an allOf with a default beside it.
Node Walker::Resolve(const Json& schema, bool custom) const {
  Node node{&schema, "", custom};
  for (int i = 0; i < kLongestChain; ++i) {
    const Json* reference = node.Find("$ref");
    const Json* parts = node.Find("allOf");
    if (reference == nullptr && parts != nullptr && parts->is_array() && parts->size() == 1 &&
        node.Find("properties") == nullptr && (*parts)[0].is_object() &&
        (*parts)[0].contains("$ref")) {
      reference = &(*parts)[0]["$ref"];
    }
    if (reference == nullptr || !reference->is_string()) return node;
    const std::string_view text = reference->get_ref<const std::string&>();
    if (!text.starts_with(kComponents)) return {nullptr, "", custom};
    const std::string_view name = text.substr(kComponents.size());
    const Json* found = value::Find(document_, {"components", "schemas", std::string(name)});
    if (found == nullptr) return {nullptr, "", custom};
    node = {found, name, custom && !IsBuiltIn(name)};
  }
  return {nullptr, "", custom};
}

void Walker::VisitObject(const Json& schema, bool custom, const Json& object) {
  root_ = &object;
  VisitNode(Resolve(schema, custom), object, true);
}

void Walker::Visit(const Json& schema, bool custom, const Json& value) {
  VisitNode(Resolve(schema, custom), value, false);
}

void Walker::VisitNode(const Node& node, const Json& value, bool is_object) {
  if (node.json == nullptr || value.is_null()) return;
  if (!HasRightType(node, value)) return;
  const std::string problem = ValueProblem(*node.json, value);
  if (!problem.empty())
    Add(Finding::Kind::kWrongValue, node.custom, fmt::format("{}, found {}", problem, Show(value)));
  if (value.is_object()) VisitMap(node, value, is_object);
  if (value.is_array()) VisitList(node, value);
  if (extent_ == Extent::kWhole) CheckJunctors(node, value);
}

bool Walker::HasRightType(const Node& node, const Json& value) {
  const auto complain = [&](const std::string& wanted, const std::string& hint = "") {
    Add(Finding::Kind::kWrongType, node.custom,
        fmt::format("must be {}, found {}{}", wanted, Show(value), hint));
    return false;
  };
  if (node.Flag("x-kubernetes-int-or-string") || node.Text("format") == "int-or-string") {
    const bool good = value.is_number_integer() || value.is_string();
    return good || complain("a whole number or a string");
  }
  if (node.name.ends_with(".api.resource.Quantity"))
    return IsQuantity(value) || complain("a quantity such as 100m or 2Gi");
  const std::string type = node.Text("type");
  if (type.empty() || IsOfType(type, value)) return true;
  return complain(TypeName(type), QuoteHint(type, value));
}

void Walker::VisitMap(const Node& node, const Json& map, bool is_object) {
  levels_.push_back({node, path_.size()});
  const bool has_header = is_object || node.Flag("x-kubernetes-embedded-resource");
  for (const auto& [key, value] : map.items()) {
    path_.push_back(key);
    VisitField(node, key, value, has_header);
    path_.pop_back();
  }
  if (extent_ == Extent::kWhole) {
    CheckRequired(node, map);
    CheckSizes(node, map.size(), "minProperties", "maxProperties", "fields");
  }
  levels_.pop_back();
}

void Walker::VisitField(const Node& node, const std::string& key, const Json& value,
                        bool is_object) {
  const Json* properties = node.Find("properties");
  const Json* others = node.Find("additionalProperties");
  const bool known = properties != nullptr && properties->contains(key);
  if (is_object && (key == "apiVersion" || key == "kind" || key == "metadata")) {
    // A definition says no more of its metadata than that it is an object.
    if (!known || node.custom) return VisitHeader(key, value);
  }
  if (known) return Visit((*properties)[key], node.custom, value);
  if (others != nullptr && others->is_object()) return Visit(*others, node.custom, value);
  if (others != nullptr && others->is_boolean() && others->get<bool>()) return;
  if (junctors_ > 0 || node.Flag("x-kubernetes-preserve-unknown-fields")) return;
  // Of built-in kinds, a map without any list of fields may hold anything (a RawExtension); what a
  // definition does not list is dropped. Without a type it is any JSON.
  const bool lists_fields = properties != nullptr || node.custom;
  if (!lists_fields || node.Text("type").empty()) return;
  Add(Finding::Kind::kUnknownField, node.custom, "unknown field" + UnknownHint(node, key));
}

void Walker::VisitHeader(const std::string& key, const Json& value) {
  static const Json kText = {{"type", "string"}};
  Visit(key == "metadata" ? MetadataSchema() : kText, false, value);
}

// What was meant: a field of a similar name; the same name further out (wrong indentation) or
// further in (a level forgotten).
std::string Walker::UnknownHint(const Node& node, const std::string& key) const {
  const Json* properties = node.Find("properties");
  const std::string near = base::DidYouMean(key, Keys(properties));
  if (!near.empty()) return near;
  for (size_t i = levels_.size() - 1; root_ != nullptr && i-- > 0;) {
    const Json* outer = levels_[i].node.Find("properties");
    if (outer == nullptr || !outer->contains(key)) continue;
    const Path path(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(levels_[i].depth));
    return fmt::format(" ({} has such a field: is it indented too far?)",
                       path.empty() ? "the object itself" : value::FormatPath(path, *root_));
  }
  if (properties == nullptr) return "";
  for (const auto& [name, inner] : properties->items()) {
    const Node child = Resolve(inner, node.custom);
    const Json* fields = child.Find("properties");
    if (fields != nullptr && fields->contains(key))
      return fmt::format(" ({} has such a field)", name);
    if (fields == nullptr) continue;
    for (const auto& [inner_name, innermost] : fields->items()) {
      const Json* deep = Resolve(innermost, child.custom).Find("properties");
      if (deep != nullptr && deep->contains(key))
        return fmt::format(" ({}.{} has such a field)", name, inner_name);
    }
  }
  return "";
}

void Walker::CheckRequired(const Node& node, const Json& map) {
  const Json* required = node.Find("required");
  if (required == nullptr || !required->is_array()) return;
  for (const Json& one : *required) {
    if (!one.is_string()) continue;
    const auto name = one.get<std::string>();
    const auto found = map.find(name);
    if (found != map.end() && !found->is_null()) continue;
    const Json* properties = node.Find("properties");
    const bool has_default = properties != nullptr && properties->contains(name) &&
                             (*properties)[name].is_object() &&
                             (*properties)[name].contains("default");
    if (has_default && node.custom) continue;  // filled in before it is looked for
    path_.push_back(name);
    Add(Finding::Kind::kMissing, node.custom, "is required");
    path_.pop_back();
  }
}

void Walker::CheckSizes(const Node& node, size_t size, const char* least, const char* most,
                        const char* of) {
  const auto bound = [&](const char* name) {
    const Json* found = node.Find(name);
    return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : -1;
  };
  const int64_t low = bound(least);
  const int64_t high = bound(most);
  const auto count = static_cast<int64_t>(size);
  if (low >= 0 && count < low) {
    Add(Finding::Kind::kWrongValue, node.custom,
        fmt::format("must have at least {} {}, found {}", low, of, count));
  } else if (high >= 0 && count > high) {
    Add(Finding::Kind::kWrongValue, node.custom,
        fmt::format("must have at most {} {}, found {}", high, of, count));
  }
}

void Walker::VisitList(const Node& node, const Json& list) {
  const Json* items = node.Find("items");
  for (size_t i = 0; items != nullptr && items->is_object() && i < list.size(); ++i) {
    path_.push_back(std::to_string(i));
    Visit(*items, node.custom, list[i]);
    path_.pop_back();
  }
  if (extent_ != Extent::kWhole) return;
  CheckSizes(node, list.size(), "minItems", "maxItems", "elements");
  CheckDuplicates(node, list);
}

void Walker::CheckDuplicates(const Node& node, const Json& list) {
  const std::string type = node.Text("x-kubernetes-list-type");
  const Json* keys = node.Find("x-kubernetes-list-map-keys");
  const bool is_map = type == "map" && keys != nullptr && keys->is_array();
  if (!is_map && type != "set" && !node.Flag("uniqueItems")) return;
  std::set<std::string> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    std::string identity = Show(list[i]);
    std::string whole = list[i].dump(-1, ' ', false, Json::error_handler_t::replace);
    if (is_map) {
      if (!list[i].is_object()) continue;
      std::vector<std::string> words;
      bool complete = true;  // a key that is not written may have a default
      for (const Json& key : *keys) {
        const auto name = key.is_string() ? key.get<std::string>() : "";
        const auto found = list[i].find(name);
        complete = complete && found != list[i].end();
        if (found != list[i].end()) words.push_back(fmt::format("{}: {}", name, Show(*found)));
      }
      if (!complete) continue;
      whole = identity = base::Join(words, ", ");
    }
    if (seen.insert(whole).second) continue;
    path_.push_back(std::to_string(i));
    Add(Finding::Kind::kDuplicate, node.custom, fmt::format("is the second one with {}", identity));
    path_.pop_back();
  }
}

bool Walker::Fits(const Json& schema, bool custom, const Json& value) const {
  if (junctors_ == kDeepestJunctor) return true;  // a schema that refers to itself
  Walker part(document_, extent_);
  part.junctors_ = junctors_ + 1;
  part.Visit(schema, custom, value);
  return part.findings_.empty();
}

void Walker::CheckJunctors(const Node& node, const Json& value) {
  if (node.Flag("x-kubernetes-int-or-string") || node.Text("format") == "int-or-string" ||
      node.name.ends_with(".api.resource.Quantity"))
    return;  // their anyOf and oneOf only list the two types
  const auto fitting = [&](const char* name) {
    const Json* parts = node.Find(name);
    return std::count_if(parts->begin(), parts->end(),
                         [&](const Json& part) { return Fits(part, node.custom, value); });
  };
  const auto has = [&](const char* name) {
    const Json* parts = node.Find(name);
    return parts != nullptr && parts->is_array() && !parts->empty();
  };
  const auto complain = [&](const char* message) {
    Add(Finding::Kind::kWrongValue, node.custom, message);
  };
  if (has("anyOf") && fitting("anyOf") == 0) complain("fits none of the forms it may have (anyOf)");
  if (has("oneOf") && fitting("oneOf") != 1)
    complain("must fit exactly one of the forms it may have (oneOf)");
  if (has("allOf") && fitting("allOf") != std::ssize(*node.Find("allOf")))
    complain("does not keep all that the schema says of it (allOf)");
  const Json* unwanted = node.Find("not");
  if (unwanted != nullptr && Fits(*unwanted, node.custom, value))
    complain("has the very form that it must not have (not)");
}

void Walker::Add(Finding::Kind kind, bool custom, std::string message) {
  findings_.push_back({kind, path_, std::move(message), custom});
}

}  // namespace schema
