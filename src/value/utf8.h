#pragma once

// Is it text? Everything that becomes Json must be UTF-8: Json::dump throws on anything else.

#include <cstddef>
#include <string>
#include <string_view>

namespace value {

// The index of the first byte that is not part of a well-formed UTF-8 sequence (RFC 3629: no
// surrogates, no overlong forms, at most U+10FFFF), or npos when `text` is valid.
size_t FindInvalidUtf8(std::string_view text);

// `text` with each bad byte replaced by U+FFFD. For output of programs that goes into reports.
std::string ToValidUtf8(std::string_view text);

}  // namespace value
