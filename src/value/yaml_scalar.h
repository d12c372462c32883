#pragma once

// What a YAML scalar means, as sigs.k8s.io/yaml (go-yaml v2, YAML 1.1) decides it; Kubernetes' own
// tools and kuttl read manifests through that library. Pure.
// https://yaml.org/type/ and the library's documented departures from it (no base 60).

#include <string>
#include <string_view>

#include "base/result.h"
#include "value/json.h"

namespace value {

// The value of a scalar. `tag` is "" (a plain scalar without a tag) or a short tag ("!!int").
// Gives null, a bool, an int64, a double (.inf and .nan included: JSON has no such numbers, the
// caller refuses them), or a string. kInvalid: the text does not fit the tag.
base::Result<Json> ResolveScalar(std::string_view tag, std::string_view text);

// The text that a resolved scalar gets as a key of a JSON object: 1 -> "1", true -> "true".
// kInvalid for null, which has none.
base::Result<std::string> KeyText(const Json& scalar);

// True for the single letters y, Y, n and N, which YAML 1.1 reads as booleans and nobody expects.
bool IsLetterBool(std::string_view text);

}  // namespace value
