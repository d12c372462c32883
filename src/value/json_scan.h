#pragma once

// A look at JSON text before it is parsed: where its first value ends, and how deep it nests.

#include <cstddef>
#include <string_view>

namespace value {

struct JsonExtent {
  size_t end = 0;  // after the first list or object; the text's size when that never closes
  int depth = 0;   // the deepest nesting up to there
};

// Counts brackets outside of strings. Linear; does not judge whether the text is valid.
inline JsonExtent ScanJson(std::string_view text) {
  JsonExtent extent{text.size(), 0};
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > extent.depth) extent.depth = depth;
    } else if ((c == '}' || c == ']') && --depth <= 0) {
      extent.end = i + 1;
      return extent;
    }
  }
  return extent;
}

}  // namespace value
