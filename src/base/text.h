#pragma once

// Small words on text that several folders need.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace base {

std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
std::string Lower(std::string_view text);

// The candidate that is closest to a mistyped `word` (edit distance at most a third of its length,
// case ignored), for "did you mean"; nullopt when none is near.
std::optional<std::string> Nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

// ` (did you mean "timeout"?)` or "".
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

// Go's duration syntax as Kubernetes flags and fields use it: "300ms", "1.5h", "2h45m". kInvalid
// says what is wrong.
Result<Duration> ParseDuration(std::string_view text);

// For people: "0.42 s", "12.3 s", "2 min 05 s".
std::string FormatSpan(Duration span);

}  // namespace base
