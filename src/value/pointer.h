#pragma once

// JSON pointer text (RFC 6901), the key of Document::marks.

#include <string>
#include <string_view>

namespace value {

// Adds one step: "/spec" + "a/b" -> "/spec/a~1b".
inline void AppendPointer(std::string& pointer, std::string_view key) {
  pointer += '/';
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace value
