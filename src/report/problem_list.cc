#include "report/problem_list.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace report {
namespace {

using value::Json;
using value::Problem;

auto Order(const Problem& problem) {
  return std::tie(problem.file, problem.mark.line, problem.mark.column, problem.message,
                  problem.warning);
}

// The line that a mark is on, and a caret below its column. Tabs stay, so that the caret fits.
std::string Excerpt(const std::vector<std::string>& lines, const value::Mark& mark) {
  constexpr size_t kLongest = 160;
  if (mark.line < 1 || static_cast<size_t>(mark.line) > lines.size()) return "";
  const std::string& line = lines[static_cast<size_t>(mark.line) - 1];
  const auto column = static_cast<size_t>(std::max(mark.column, 1));
  if (line.size() > kLongest || column > line.size() + 1) return "";
  std::string indent = line.substr(0, column - 1);
  for (char& c : indent)
    if (c != '\t') c = ' ';
  return fmt::format("{:>6} | {}\n       | {}^\n", mark.line, line, indent);
}

// As the runner's toolkit unescapes them.
std::string Escape(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::vector<Problem> SortProblems(std::vector<Problem> problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& a, const Problem& b) { return Order(a) < Order(b); });
  problems.erase(
      std::unique(problems.begin(), problems.end(),
                  [](const Problem& a, const Problem& b) { return Order(a) == Order(b); }),
      problems.end());
  return problems;
}

std::string FormatProblems(const std::vector<Problem>& problems,
                           const std::function<std::string(const std::string& file)>& read) {
  std::string out;
  std::map<std::string, std::vector<std::string>> files;
  for (const Problem& problem : problems) {
    out += fmt::format("{}: {}\n", problem.warning ? "warning" : "error", problem.Format());
    if (problem.mark.line == 0) continue;
    const auto [lines, is_new] = files.try_emplace(problem.file);
    if (is_new) lines->second = base::Split(read(problem.file), '\n');
    out += Excerpt(lines->second, problem.mark);
  }
  return out;
}

Json ProblemsAsJson(const std::vector<Problem>& problems) {
  Json list = Json::array();
  size_t errors = 0;
  for (const Problem& problem : problems) {
    errors += problem.warning ? 0 : 1;
    Json one = {{"severity", problem.warning ? "warning" : "error"},
                {"file", problem.file},
                {"message", problem.message}};
    if (problem.mark.line > 0) {
      one["line"] = problem.mark.line;
      one["column"] = problem.mark.column;
    }
    list.push_back(std::move(one));
  }
  return {{"problems", list}, {"errors", errors}, {"warnings", problems.size() - errors}};
}

std::string ProblemsAsGithubAnnotations(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) {
    out += fmt::format("::{} file={}", problem.warning ? "warning" : "error",
                       Escape(problem.file, true));
    if (problem.mark.line > 0)
      out += fmt::format(",line={},col={}", problem.mark.line, problem.mark.column);
    out += fmt::format(",title=seatrial check::{}\n", Escape(problem.message, false));
  }
  return out;
}

}  // namespace report
