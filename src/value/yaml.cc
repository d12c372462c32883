#include "value/yaml.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "value/json_scan.h"
#include "value/pointer.h"
#include "value/utf8.h"
#include "value/yaml_compose.h"
#include "value/yaml_tree.h"

namespace value {
namespace {

// The text between two separator lines, as it stands in the file.
struct Part {
  std::string_view text;
  int first_line = 1;
};

// Splits at lines that start with ---, even inside of strings: what kuttl does.
class Splitter {
 public:
  Splitter(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  std::vector<Part> Split(std::vector<Problem>& problems) {
    size_t part_start = 0;
    for (size_t at = 0; at < text_.size();) {
      const size_t end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
      const std::string_view line = text_.substr(at, end - at);
      if (line.substr(0, 3) == "---") {
        const std::string_view rest = base::Trim(line.substr(3));
        if (!rest.empty() && rest[0] != '#') {
          problems.push_back({file_, {line_, 4}, Complaint(rest)});
        }
        parts_.push_back({text_.substr(part_start, at - part_start), part_line_});
        part_start = end;
        part_line_ = line_ + 1;
      }
      ++line_;
      at = end;
    }
    parts_.push_back({text_.substr(part_start), part_line_});
    return std::move(parts_);
  }

 private:
  static std::string Complaint(std::string_view rest) {
    return fmt::format("\"{}\" after the document separator ---; only a comment may stand there",
                       ToValidUtf8(rest.substr(0, 40)));
  }

  const std::string_view text_;
  const std::string& file_;
  std::vector<Part> parts_;
  int line_ = 1;
  int part_line_ = 1;
};

bool OnlyWarnings(const std::vector<Problem>& problems) {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

Mark MarkAt(const Part& part, size_t offset) {
  const std::string_view before = part.text.substr(0, offset);
  const size_t line_start = before.rfind('\n') + 1;  // 0 when there is none
  const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  return {part.first_line + lines, static_cast<int>(offset - line_start) + 1};
}

// A part that begins with { is JSON if it parses as such: only its first value is read. False: read
// it as YAML. JSON is YAML enough for that reader to find the places of its keys.
bool ReadAsJson(const Part& part, size_t start, Document& document,
                std::vector<Problem>& problems) {
  const std::string_view text = part.text.substr(start);
  const JsonExtent extent = ScanJson(text);
  if (extent.depth > kMaxYamlDepth) return false;
  auto json = ParseJson(text.substr(0, extent.end));
  if (!json) return false;
  document.start = MarkAt(part, start);
  YamlTree tree;
  std::vector<Problem> found;
  const std::string_view value = part.text.substr(0, start + extent.end);
  if (ReadYamlTree(value, document.file, part.first_line, tree, found) && !tree.nodes.empty() &&
      ComposeYaml(tree, document, found)) {
    problems.insert(problems.end(), found.begin(), found.end());
  }
  const std::string_view rest = text.substr(extent.end);
  const size_t more = rest.find_first_not_of(" \t\r\n");
  if (more != std::string_view::npos) {
    problems.push_back({document.file, MarkAt(part, start + extent.end + more),
                        "text after the JSON value is ignored", true});
  }
  document.json = *std::move(json);
  NormalizeNumbers(document.json);
  return true;
}

size_t FindControl(std::string_view text) {
  const auto* found = std::find_if(text.begin(), text.end(), [](char c) {
    const bool blank = c == '\t' || c == '\n' || c == '\r';
    return (static_cast<unsigned char>(c) < 0x20 && !blank) || c == 0x7F;
  });
  return found == text.end() ? std::string_view::npos : static_cast<size_t>(found - text.begin());
}

void ReadPart(const Part& part, const std::string& file, ParsedYaml& parsed) {
  const size_t start = part.text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return;
  if (const size_t bad = FindInvalidUtf8(part.text); bad != std::string_view::npos) {
    parsed.problems.push_back({file, MarkAt(part, bad), "not UTF-8 text"});
    return;
  }
  if (const size_t bad = FindControl(part.text); bad != std::string_view::npos) {
    parsed.problems.push_back(
        {file, MarkAt(part, bad), fmt::format("a control character (0x{:02X})", part.text[bad])});
    return;
  }
  Document document;
  document.file = file;
  if (part.text[start] == '{' && ReadAsJson(part, start, document, parsed.problems)) {
    parsed.documents.push_back(std::move(document));
    return;
  }
  YamlTree tree;
  if (!ReadYamlTree(part.text, file, part.first_line, tree, parsed.problems)) return;
  if (tree.nodes.empty()) return;  // comments only
  if (ComposeYaml(tree, document, parsed.problems)) {
    parsed.documents.push_back(std::move(document));
  }
}

}  // namespace

std::string Problem::Format() const {
  std::string place = file;
  if (mark.line > 0)
    place += fmt::format("{}{}:{}", file.empty() ? "" : ":", mark.line, mark.column);
  return place.empty() ? message : place + ": " + message;
}

Mark Document::At(const std::vector<std::string>& path) const {
  std::string pointer;
  Mark nearest = start;
  for (const std::string& step : path) {
    AppendPointer(pointer, step);
    const auto found = marks.find(pointer);
    if (found == marks.end()) break;
    nearest = found->second;
  }
  return nearest;
}

bool ParsedYaml::ok() const {
  return OnlyWarnings(problems);
}

ParsedYaml ParseYaml(std::string_view text, const std::string& file) {
  ParsedYaml parsed;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.substr(0, 3) == kByteOrderMark) text.remove_prefix(3);
  for (const Part& part : Splitter(text, file).Split(parsed.problems)) {
    ReadPart(part, file, parsed);
  }
  return parsed;
}

}  // namespace value
