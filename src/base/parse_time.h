#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace base {

// "2026-11-23T11:53:05Z", "2026-11-23T11:53:05.123456789+01:00": RFC 3339 in capitals, as
// Kubernetes and Go write it. nullopt for anything else, and for years that WallTime has no room
// for (before 1678, after 2261). https://www.rfc-editor.org/rfc/rfc3339
std::optional<WallTime> ParseTime(std::string_view text);

}  // namespace base
