#pragma once

// A unified diff of two texts (the format of POSIX diff -u, without time stamps).

#include <string>

namespace expect {

struct DiffOptions {
  int context = 3;
  size_t most_lines = 80;  // of the result; the rest is counted, not shown
};

// "" when the texts are equal. Lines end with a line break; texts of many thousand lines are shown
// as replaced as a whole rather than compared at length.
std::string UnifiedDiff(const std::string& before, const std::string& after,
                        const std::string& before_label, const std::string& after_label,
                        const DiffOptions& options = {});

}  // namespace expect
