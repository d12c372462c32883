#pragma once

// From nodes to JSON: scalars resolved, aliases and merge keys expanded, keys made strings, places
// written down.

#include <vector>

#include "value/yaml.h"
#include "value/yaml_tree.h"

namespace value {

// Fills `document.json` and `document.marks` from `tree` (not empty). All problems are added, with
// `document.file`; false when one of them is an error.
bool ComposeYaml(const YamlTree& tree, Document& document, std::vector<Problem>& problems);

}  // namespace value
