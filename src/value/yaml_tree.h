#pragma once

// The nodes of one YAML document as written: scalars unresolved, aliases unexpanded. The only user
// of libfyaml, whose event interface is used because it leaves duplicate keys and aliases to us.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "value/yaml.h"

namespace value {

// Deeper nesting is a problem: what follows walks the tree by recursion.
inline constexpr int kMaxYamlDepth = 100;

struct YamlNode {
  enum class Kind { kScalar, kSequence, kMapping, kAlias };
  Kind kind = Kind::kScalar;
  bool plain = false;  // a scalar without quotes or block sign
  std::string tag;     // short: "!!int", "!mine", or ""
  std::string text;    // of a scalar; the anchor's name of an alias
  Mark mark;
  std::vector<size_t> children;  // indexes; key, value, key, value ... of a mapping
  size_t target = 0;             // of an alias
};

struct YamlTree {
  std::vector<YamlNode> nodes;  // the root is the first; empty for a text without content
};

// Reads the first document of `text`. `first_line` is the number of the text's first line in
// `file`. On a problem it is added to `problems` and the tree is incomplete: do not use it when
// this returns false.
bool ReadYamlTree(std::string_view text, const std::string& file, int first_line, YamlTree& tree,
                  std::vector<Problem>& problems);

}  // namespace value
