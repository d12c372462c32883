#pragma once

// What fuzzers share: their input as text, cut into parts.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fuzz {

inline std::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The parts of `text` between lines that begin with `mark`; each part begins with the rest of that
// line. What stands before the first is a part too.
inline std::vector<std::string_view> Parts(std::string_view text, std::string_view mark) {
  std::vector<std::string_view> parts;
  size_t begin = text.starts_with(mark) ? mark.size() : 0;
  for (size_t at = text.find('\n', begin); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    if (!text.substr(at + 1).starts_with(mark)) continue;
    parts.push_back(text.substr(begin, at + 1 - begin));
    begin = at + 1 + mark.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace fuzz

// libfyaml 0.7.12 forgets a buffer of some hundred bytes when the syntax breaks right after a long
// quoted key. It is no memory of ours; a parser that we forget is found by `make asan`.
extern "C" __attribute__((used)) inline const char* __lsan_default_suppressions() {  // NOLINT
  return "leak:libfyaml\n";
}
