#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmafx/node/source.h"

namespace vmafx::node {

// What `rclone lsjson --stat` says of an object. A size or checksum that is none counts as not
// given.
struct RcloneObject {
  SourceInfo info;
  std::string modified;  // as rclone writes it, or ""
};
// nullopt when the text describes no object, which is what rclone says of one that is not there.
std::optional<RcloneObject> ReadRcloneObject(std::string_view text);

// The names in what `rclone lsjson` lists, one line each: control characters are replaced. nullopt
// when the text is no listing, or not a whole one.
std::optional<std::vector<std::string>> ReadRcloneListing(std::string_view text);

}  // namespace vmafx::node
