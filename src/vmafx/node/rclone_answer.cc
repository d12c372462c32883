#include "vmafx/node/rclone_answer.h"

#include "base/text.h"
#include "value/json.h"

namespace vmafx::node {
namespace {

// Some stores give other words where they have no checksum.
std::optional<Checksum> ReadChecksum(const value::Json& object, const char* algorithm,
                                     size_t digits) {
  const std::string hex = base::Lower(value::FindString(object, {"Hashes", algorithm}));
  const bool whole =
      hex.size() == digits && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  return whole ? std::optional(Checksum{algorithm, hex}) : std::nullopt;
}

std::string OneLine(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  return text;
}

}  // namespace

std::optional<RcloneObject> ReadRcloneObject(std::string_view text) {
  const auto json = value::ParseJson(text);
  if (!json.ok() || !json->is_object()) return std::nullopt;
  RcloneObject object;
  const value::Json* size = value::Find(*json, {"Size"});
  if (size != nullptr && size->is_number_integer() && *size >= 0) {
    object.info.size = size->get<uint64_t>();
  }
  object.modified = value::FindString(*json, {"ModTime"});
  object.info.checksum = ReadChecksum(*json, "md5", 32);
  if (!object.info.checksum) object.info.checksum = ReadChecksum(*json, "sha1", 40);
  return object;
}

std::optional<std::vector<std::string>> ReadRcloneListing(std::string_view text) {
  const auto json = value::ParseJson(text);
  if (!json.ok() || !json->is_array()) return std::nullopt;
  std::vector<std::string> names;
  for (const value::Json& entry : *json) {
    std::string name = OneLine(value::FindString(entry, {"Name"}));
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace vmafx::node
