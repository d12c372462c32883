#pragma once

// The walk that schema::Check does: a schema and a value, side by side.

#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace schema {

// A schema with its references followed.
struct Node {
  const Json* json = nullptr;
  std::string_view name;  // of the component that the last reference led to, or ""
  bool custom = false;

  const Json* Find(const char* key) const;
  bool Flag(const char* key) const;
  std::string Text(const char* key) const;
};

class Walker {
 public:
  Walker(const Json& document, Extent extent) : document_(document), extent_(extent) {}

  // A whole object: apiVersion, kind and metadata may always be there.
  void VisitObject(const Json& schema, bool custom, const Json& object);

  // As schema::UnknownField.
  std::string UnknownKey(const Json& schema, bool custom,
                         const std::vector<std::string>& keys) const;

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  struct Level {  // a map that the walk is in
    Node node;
    size_t depth;  // length of its path
  };

  Node Resolve(const Json& schema, bool custom) const;
  void Visit(const Json& schema, bool custom, const Json& value);
  void VisitNode(const Node& node, const Json& value, bool is_object);
  bool HasRightType(const Node& node, const Json& value);
  bool HasRightText(const Node& node, const Json& value);
  void VisitMap(const Node& node, const Json& map, bool is_object);
  void VisitField(const Node& node, const std::string& key, const Json& value, bool is_object);
  void VisitList(const Node& node, const Json& list);
  enum class Below { kNode, kAnything, kNothing };  // what may be at a key of a map
  Below Step(const Node& node, const std::string& key, bool is_object, Node& below) const;
  void VisitHeader(const std::string& key, const Json& value);
  void CheckRequired(const Node& node, const Json& map);
  void CheckSizes(const Node& node, size_t size, const char* least, const char* most,
                  const char* of);
  void CheckDuplicates(const Node& node, const Json& list);
  void CheckJunctors(const Node& node, const Json& value);
  // Does `value` keep what a part of anyOf, oneOf, not or allOf says? Such parts name no new
  // fields.
  bool Fits(const Json& schema, bool custom, const Json& value) const;
  std::string UnknownHint(const Node& node, const std::string& key) const;
  void Add(Finding::Kind kind, bool custom, std::string message);

  const Json& document_;
  const Extent extent_;
  const Json* root_ = nullptr;
  int junctors_ = 0;  // how many the walk is in: there, unknown fields are fine
  Path path_;
  std::vector<Level> levels_;
  std::vector<Finding> findings_;
};

}  // namespace schema
