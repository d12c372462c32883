#pragma once

// value: JSON values, and YAML that remembers where each node stood. Numbers keep kuttl's rule:
// whole numbers are int64, all others double.

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace value {

using Json = nlohmann::json;

// kInvalid with line and column. Whole doubles within int64 stay doubles as written ("1.0"); see
// Normalize.
base::Result<Json> ParseJson(std::string_view text);

// Doubles that are whole numbers become integers, everywhere: how kuttl (through Go's JSON) sees a
// YAML 3.0.
void NormalizeNumbers(Json& json);

// RFC 7386. Merge patch of `patch` onto `target`.
void MergePatch(Json& target, const Json& patch);

// A path into a JSON document as people write it: {"spec", "containers", "0", "image"} prints
// .spec.containers[0].image; keys with dots or odd characters print ["a.b/c"].
std::string FormatPath(const std::vector<std::string>& path, const Json& root);

// The value at `path` (object keys and list indexes), or null when there is none. The pointer lives
// as long as `root`.
const Json* Find(const Json& root, const std::vector<std::string>& path);

// The string at `path`, or "".
std::string FindString(const Json& root, const std::vector<std::string>& path);

// YAML text of a JSON value for people (reports, diffs): two-space indent, keys sorted, no line
// wrapping.
std::string ToYaml(const Json& json);

}  // namespace value
