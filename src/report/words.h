#pragma once

// The words that all reports share.

#include <string>
#include <string_view>
#include <vector>

#include "trial/events.h"

namespace report {

// Fit for a terminal or an XML text: valid UTF-8, escape sequences of terminals (colors) removed,
// other control characters but line break and tab shown as U+FFFD.
std::string Printable(std::string_view text);

// One failure as a finished text: the place, the message, every difference, the diff, the causes.
// Lines end with a line break; no indentation.
std::string Describe(const trial::Failure& failure);

// All failures of a step (or of anything that has some), and what was collected.
std::string Describe(const std::vector<trial::Failure>& failures,
                     const std::vector<std::string>& collected);

// The message of the first failure, which is the most telling, in one line; "" without one.
std::string Headline(const std::vector<trial::Failure>& failures);

// At most `bytes` of it, cut between characters, with "…" where something is missing.
std::string Shortened(const std::string& text, size_t bytes);

// "./tests/e2e" -> "e2e".
std::string BaseName(std::string_view path);

}  // namespace report
