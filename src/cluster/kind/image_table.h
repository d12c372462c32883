#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace cluster::kind {

// Name and digest of each image that a node has.
using ImageTable = std::set<std::pair<std::string, std::string>>;

// Of what `ctr images ls` prints: lines REF TYPE DIGEST SIZE PLATFORMS LABELS. Lines that are none
// are left out: their images are loaded once more.
ImageTable ParseImageTable(std::string_view table);

}  // namespace cluster::kind
