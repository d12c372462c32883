#include "value/yaml_compose.h"

#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "value/pointer.h"
#include "value/utf8.h"
#include "value/yaml_scalar.h"

namespace value {
namespace {

// Hostile input: what aliases may add, in nodes and in bytes of text, and what places may take.
constexpr size_t kMaxAliasedNodes = 200'000;
constexpr size_t kMaxAliasedBytes = size_t{64} << 20;
constexpr size_t kMaxMarkBytes = size_t{32} << 20;

class Composer {
 public:
  Composer(const YamlTree& tree, Document& document, std::vector<Problem>& problems)
      : tree_(tree), document_(document), problems_(problems), open_(tree.nodes.size()) {}

  bool Run() {
    document_.json = Value(0, "", 0);
    return !failed_;
  }

 private:
  Json Value(size_t index, const std::string& path, int depth);
  Json Scalar(const YamlNode& node);
  Json Sequence(const YamlNode& node, const std::string& path, int depth);
  Json Mapping(const YamlNode& node, const std::string& path, int depth);
  Json Alias(const YamlNode& node, const std::string& path, int depth);
  void Merge(size_t index, const std::string& path, int depth, const std::set<std::string>& own,
             Json& into);
  std::string Key(size_t index);
  const YamlNode& Target(size_t index) const;
  bool SpendAlias(const YamlNode& node);
  std::string Enter(const std::string& path, std::string_view key, Mark mark);
  void Fail(Mark mark, std::string message);
  void Warn(Mark mark, std::string message);

  const YamlTree& tree_;
  Document& document_;
  std::vector<Problem>& problems_;
  std::vector<bool> open_;  // nodes that are being expanded: an alias to one never ends
  size_t aliased_nodes_ = 0;
  size_t aliased_bytes_ = 0;
  size_t mark_bytes_ = 0;
  int in_alias_ = 0;
  bool failed_ = false;
  bool gave_up_ = false;  // the rest is not looked at
};

Json Composer::Value(size_t index, const std::string& path, int depth) {
  const YamlNode& node = tree_.nodes[index];
  if (gave_up_ || (in_alias_ > 0 && !SpendAlias(node))) return nullptr;
  if (depth > kMaxYamlDepth) {
    gave_up_ = true;
    Fail(node.mark, fmt::format("aliases nest deeper than {} levels", kMaxYamlDepth));
    return nullptr;
  }
  if (open_[index]) {
    gave_up_ = true;
    Fail(node.mark, "an anchor contains itself");
    return nullptr;
  }
  open_[index] = true;
  Json json;
  switch (node.kind) {
    case YamlNode::Kind::kScalar:
      json = Scalar(node);
      break;
    case YamlNode::Kind::kSequence:
      json = Sequence(node, path, depth);
      break;
    case YamlNode::Kind::kMapping:
      json = Mapping(node, path, depth);
      break;
    case YamlNode::Kind::kAlias:
      json = Alias(node, path, depth);
      break;
  }
  open_[index] = false;
  return json;
}

Json Composer::Scalar(const YamlNode& node) {
  if (!node.plain && node.tag.empty()) return node.text;
  auto resolved = ResolveScalar(node.tag, node.text);
  if (!resolved) {
    Fail(node.mark, resolved.error().message());
    return nullptr;
  }
  if (resolved->is_number_float() && !std::isfinite(resolved->get<double>())) {
    Fail(node.mark,
         fmt::format("JSON has no number {} (quote it if the text is meant)", node.text));
    return nullptr;
  }
  if (resolved->is_string() && node.tag == "!!binary" &&
      FindInvalidUtf8(resolved->get_ref<const std::string&>()) != std::string::npos) {
    Fail(node.mark, "!!binary value is not UTF-8 text, and JSON holds no other");
    return nullptr;
  }
  if (resolved->is_boolean() && IsLetterBool(node.text)) {
    Warn(node.mark, fmt::format("{} is read as {}; quote it if the letter is meant", node.text,
                                resolved->get<bool>()));
  }
  NormalizeNumbers(*resolved);
  return *std::move(resolved);
}

Json Composer::Sequence(const YamlNode& node, const std::string& path, int depth) {
  Json list = Json::array();
  for (const size_t child : node.children) {
    const std::string below = Enter(path, std::to_string(list.size()), tree_.nodes[child].mark);
    list.push_back(Value(child, below, depth + 1));
  }
  return list;
}

Json Composer::Mapping(const YamlNode& node, const std::string& path, int depth) {
  Json map = Json::object();
  std::set<std::string> own;
  for (size_t i = 0; i + 1 < node.children.size() && !gave_up_; i += 2) {
    const YamlNode& key = tree_.nodes[node.children[i]];
    const bool merge = key.kind == YamlNode::Kind::kScalar && key.text == "<<" &&
                       ((key.plain && key.tag.empty()) || key.tag == "!!merge");
    if (merge) {
      Merge(node.children[i + 1], path, depth, own, map);
      continue;
    }
    const std::string name = Key(node.children[i]);
    if (!own.insert(name).second) {
      Warn(key.mark, fmt::format("duplicate key \"{}\" (the last one counts)", name));
    }
    const std::string below = Enter(path, name, key.mark);
    map[name] = Value(node.children[i + 1], below, depth + 1);
  }
  return map;
}

Json Composer::Alias(const YamlNode& node, const std::string& path, int depth) {
  ++in_alias_;
  Json json = Value(node.target, path, depth + 1);
  --in_alias_;
  return json;
}

// Keys of the merged map(s) are set where the << stands, so they replace what was written above it.
// YAML says the map's own keys win; the library that Kubernetes uses does it so.
void Composer::Merge(size_t index, const std::string& path, int depth,
                     const std::set<std::string>& own, Json& into) {
  const YamlNode& source = tree_.nodes[index];
  std::vector<size_t> maps{index};
  if (source.kind == YamlNode::Kind::kSequence) {
    maps.assign(source.children.rbegin(), source.children.rend());  // the first one wins
  }
  for (const size_t map : maps) {
    if (Target(map).kind != YamlNode::Kind::kMapping) {
      Fail(tree_.nodes[map].mark, "a merge key << needs a map, or a list of maps");
      return;
    }
    Json merged = Value(map, path, depth + 1);
    if (!merged.is_object()) return;  // reported
    for (auto& [key, json] : merged.items()) {
      if (own.count(key) > 0 && into[key] != json) {
        Warn(source.mark, fmt::format("<< replaces the key \"{}\" above it; put << first", key));
      }
      into[key] = std::move(json);
    }
  }
}

std::string Composer::Key(size_t index) {
  const YamlNode& node = Target(index);
  const Mark mark = tree_.nodes[index].mark;
  if (node.kind != YamlNode::Kind::kScalar) {
    Fail(mark, "a key must be a string, not a map or a list");
    return "";
  }
  if (in_alias_ > 0 && !SpendAlias(node)) return "";
  if (!node.plain && node.tag.empty()) return node.text;
  auto resolved = ResolveScalar(node.tag, node.text);
  auto text = resolved ? KeyText(*resolved) : base::Result<std::string>(resolved.error());
  if (!text) {
    Fail(mark, text.error().message());
    return "";
  }
  if (resolved->is_boolean() && node.text != *text) {
    Warn(mark, fmt::format("the key {} is read as \"{}\" (quote it)", node.text, *text));
  }
  if (FindInvalidUtf8(*text) != std::string::npos) Fail(mark, "a key that is not UTF-8 text");
  return *std::move(text);
}

const YamlNode& Composer::Target(size_t index) const {
  const YamlNode& node = tree_.nodes[index];
  return node.kind == YamlNode::Kind::kAlias ? tree_.nodes[node.target] : node;
}

bool Composer::SpendAlias(const YamlNode& node) {
  ++aliased_nodes_;
  aliased_bytes_ += node.text.size();
  if (aliased_nodes_ <= kMaxAliasedNodes && aliased_bytes_ <= kMaxAliasedBytes) return true;
  gave_up_ = true;
  Fail(node.mark, "aliases make this document too large");
  return false;
}

// The path of a child, its place written down. Beyond the limit paths are no longer built, and a
// place is that of the nearest parent that has one.
std::string Composer::Enter(const std::string& path, std::string_view key, Mark mark) {
  mark_bytes_ += path.size() + key.size();
  if (mark_bytes_ > kMaxMarkBytes) return "";
  std::string below = path;
  AppendPointer(below, key);
  document_.marks[below] = mark;
  return below;
}

void Composer::Fail(Mark mark, std::string message) {
  failed_ = true;
  // What an alias repeats was reported where it was written.
  if (in_alias_ == 0 || gave_up_) problems_.push_back({document_.file, mark, std::move(message)});
}

void Composer::Warn(Mark mark, std::string message) {
  if (in_alias_ > 0) return;
  problems_.push_back({document_.file, mark, std::move(message), true});
}

}  // namespace

bool ComposeYaml(const YamlTree& tree, Document& document, std::vector<Problem>& problems) {
  document.start = tree.nodes[0].mark;
  return Composer(tree, document, problems).Run();
}

}  // namespace value
