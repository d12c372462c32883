#include "report/words.h"

#include <algorithm>

#include <fmt/format.h>

#include "value/utf8.h"

namespace report {
namespace {

// The length of a terminal's escape sequence at `at` (ECMA-48 CSI, OSC and two-byte ones), or 0.
size_t EscapeLength(std::string_view text, size_t at) {
  if (text[at] != '\x1b') return 0;
  if (at + 1 == text.size()) return 1;
  if (text[at + 1] == '[') {
    size_t end = at + 2;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
    return std::min(end + 1, text.size()) - at;
  }
  if (text[at + 1] == ']') {  // a window's title: until BEL or ESC backslash
    const size_t end = text.find_first_of("\x07\x1b", at + 2);
    if (end == std::string_view::npos) return 2;
    return end + (text[end] == '\x1b' ? 2 : 1) - at;
  }
  return 2;
}

// XML 1.0 has no U+FFFE and U+FFFF, escaped or not.
bool IsNonCharacter(std::string_view text, size_t at) {
  const std::string_view bytes = text.substr(at, 3);
  return bytes == "\xEF\xBF\xBE" || bytes == "\xEF\xBF\xBF";
}

void AddLines(std::string& text, const std::vector<std::string>& lines, std::string_view indent) {
  for (const std::string& line : lines) text += fmt::format("{}{}\n", indent, line);
}

}  // namespace

std::string Printable(std::string_view text) {
  const std::string valid = value::ToValidUtf8(text);
  std::string printable;
  printable.reserve(valid.size());
  for (size_t at = 0; at < valid.size();) {
    const char c = valid[at];
    const bool control =
        (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F;
    if (const size_t escape = EscapeLength(valid, at); escape > 0) {
      at += escape;
    } else if (c == '\r' && at + 1 < valid.size() && valid[at + 1] == '\n') {
      ++at;
    } else if (control) {
      printable += "\xEF\xBF\xBD";
      ++at;
    } else if (IsNonCharacter(valid, at)) {
      printable += "\xEF\xBF\xBD";
      at += 3;
    } else {
      printable += c;
      ++at;
    }
  }
  return value::ToValidUtf8(printable);  // an escape sequence may have ended inside a character
}

std::string Describe(const trial::Failure& failure) {
  const std::string place = failure.Place();
  std::string text = place.empty() ? "" : place + ":\n";
  text += failure.message + "\n";
  const bool repeats =
      failure.details.size() == 1 && failure.message.find(failure.details[0]) != std::string::npos;
  if (!repeats) AddLines(text, failure.details, "  ");
  AddLines(text, failure.history, "  ");
  text += failure.diff;
  if (!failure.diff.empty() && failure.diff.back() != '\n') text += '\n';
  if (!failure.cause.empty()) text += "why:\n";
  AddLines(text, failure.cause, "  ");
  return Printable(text);
}

std::string Describe(const std::vector<trial::Failure>& failures,
                     const std::vector<std::string>& collected) {
  std::string text;
  for (const trial::Failure& failure : failures) {
    if (!text.empty()) text += '\n';
    text += Describe(failure);
  }
  if (collected.empty()) return text;
  text += text.empty() ? "collected:\n" : "\ncollected:\n";
  for (const std::string& file : collected) text += fmt::format("  {}\n", Printable(file));
  return text;
}

std::string Headline(const std::vector<trial::Failure>& failures) {
  if (failures.empty()) return "";
  std::string line = Printable(failures[0].message);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::string Shortened(const std::string& text, size_t bytes) {
  if (text.size() <= bytes) return text;
  size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "\xE2\x80\xA6";
}

std::string BaseName(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace report
