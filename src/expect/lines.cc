#include "expect/lines.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace expect {
namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kMostCells = 4'000'000;  // of the table; beyond it nothing is taken for common

struct Edit {
  char sign = ' ';  // ' ', '-' or '+'
  std::string_view line;
};

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The middle part, where both texts differ: by a table of longest common subsequences.
void AddMiddle(const Lines& before, const Lines& after, std::vector<Edit>& edits) {
  const size_t width = after.size() + 1;
  const bool too_large = (before.size() + 1) * width > kMostCells;
  std::vector<uint32_t> table(too_large ? 0 : (before.size() + 1) * width);
  if (!too_large) {
    for (size_t i = before.size(); i-- > 0;) {
      for (size_t j = after.size(); j-- > 0;) {
        table[i * width + j] = before[i] == after[j]
                                   ? table[(i + 1) * width + j + 1] + 1
                                   : std::max(table[(i + 1) * width + j], table[i * width + j + 1]);
      }
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() || j < after.size()) {
    const bool both = !too_large && i < before.size() && j < after.size();
    if (both && before[i] == after[j]) {
      edits.push_back({' ', before[i++]});
      ++j;
    } else if (j == after.size() ||
               (i < before.size() &&
                (!both || table[(i + 1) * width + j] >= table[i * width + j + 1]))) {
      edits.push_back({'-', before[i++]});
    } else {
      edits.push_back({'+', after[j++]});
    }
  }
}

std::vector<Edit> Compare(Lines before, Lines after) {
  std::vector<Edit> edits;
  const auto [from, to] = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  for (auto line = before.begin(); line != from; ++line) edits.push_back({' ', *line});
  after.erase(after.begin(), to);
  before.erase(before.begin(), from);
  Lines tail;
  while (!before.empty() && !after.empty() && before.back() == after.back()) {
    tail.push_back(before.back());
    before.pop_back();
    after.pop_back();
  }
  AddMiddle(before, after, edits);
  for (auto line = tail.rbegin(); line != tail.rend(); ++line) edits.push_back({' ', *line});
  return edits;
}

// A run of edits with its context, and where it begins in both texts.
struct Hunk {
  size_t begin = 0;
  size_t end = 0;
};

std::vector<Hunk> GroupHunks(const std::vector<Edit>& edits, size_t context) {
  std::vector<Hunk> hunks;
  for (size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].sign == ' ') continue;
    const size_t begin = i > context ? i - context : 0;
    const size_t end = std::min(i + context + 1, edits.size());
    if (!hunks.empty() && begin <= hunks.back().end) {
      hunks.back().end = end;
    } else {
      hunks.push_back({begin, end});
    }
  }
  return hunks;
}

size_t CountLines(const std::vector<Edit>& edits, size_t begin, size_t end, char other) {
  const auto at = [&](size_t i) { return edits.begin() + static_cast<std::ptrdiff_t>(i); };
  return static_cast<size_t>(
      std::count_if(at(begin), at(end), [&](const Edit& edit) { return edit.sign != other; }));
}

std::string Range(const std::vector<Edit>& edits, const Hunk& hunk, char other) {
  const size_t length = CountLines(edits, hunk.begin, hunk.end, other);
  const size_t before = CountLines(edits, 0, hunk.begin, other);
  return fmt::format("{},{}", length == 0 ? before : before + 1, length);
}

}  // namespace

std::string UnifiedDiff(const std::string& before, const std::string& after,
                        const std::string& before_label, const std::string& after_label,
                        const DiffOptions& options) {
  const std::vector<Edit> edits = Compare(SplitLines(before), SplitLines(after));
  const std::vector<Hunk> hunks = GroupHunks(edits, static_cast<size_t>(options.context));
  if (hunks.empty()) return "";
  std::string text = fmt::format("--- {}\n+++ {}\n", before_label, after_label);
  size_t lines = 0;
  size_t hidden = 0;
  for (const Hunk& hunk : hunks) {
    if (lines < options.most_lines) {
      text += fmt::format("@@ -{} +{} @@\n", Range(edits, hunk, '+'), Range(edits, hunk, '-'));
    }
    for (size_t i = hunk.begin; i < hunk.end; ++i) {
      if (lines++ < options.most_lines) {
        text += fmt::format("{}{}\n", edits[i].sign, edits[i].line);
      } else {
        ++hidden;
      }
    }
  }
  if (hidden > 0) text += fmt::format("... {} more lines\n", hidden);
  return text;
}

}  // namespace expect
