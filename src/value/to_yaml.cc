// The YAML writer of json.h: block style as kubectl prints it ("- " at its parent key's column).

#include <array>
#include <string>
#include <string_view>

#include "value/json.h"
#include "value/yaml_scalar.h"

namespace value {
namespace {

struct Escape {
  std::string_view bytes;
  std::string_view written;
};

// What JSON's quoting leaves as it is and a YAML 1.1 reader takes for a line break or refuses.
constexpr Escape kEscapes[] = {{"\xC2\x85", "\\N"},
                               {"\xE2\x80\xA8", "\\L"},
                               {"\xE2\x80\xA9", "\\P"},
                               {"\xEF\xBB\xBF", "\\uFEFF"},
                               {"\x7F", "\\x7F"}};

// C1 control characters (U+0080 to U+009F).
bool IsC1(std::string_view text, size_t at) {
  return text[at] == '\xC2' && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) < 0xA0;
}

bool HasOddCharacter(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7F || IsC1(text, i)) return true;
  }
  for (const Escape& escape : kEscapes) {
    if (text.find(escape.bytes) != std::string_view::npos) return true;
  }
  return false;
}

std::string Quoted(const std::string& text) {
  std::string quoted = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const Escape& escape : kEscapes) {
    for (size_t at = quoted.find(escape.bytes); at != std::string::npos;
         at = quoted.find(escape.bytes, at)) {
      quoted.replace(at, escape.bytes.size(), escape.written);
    }
  }
  for (size_t at = 0; at < quoted.size(); ++at) {
    if (!IsC1(quoted, at)) continue;
    quoted.replace(at, 2, fmt::format("\\x{:02X}", static_cast<unsigned char>(quoted[at + 1])));
  }
  return quoted;
}

bool CanBePlain(std::string_view text) {
  static constexpr std::string_view kIndicators = "-?:,[]{}#&*!|>'\"%@`= ";
  if (text.empty() || text == "<<" || text.back() == ' ' || text.back() == ':') return false;
  const bool flag = text.size() > 1 && text[0] == '-' && text[1] != ' ' && text != "--" &&
                    text.substr(0, 3) != "---";  // "-c", "--wait" are usual arguments
  if (!flag && kIndicators.find(text[0]) != std::string_view::npos) return false;
  if (text.substr(0, 3) == "...") return false;
  if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos ||
      text.find('\n') != std::string_view::npos || HasOddCharacter(text)) {
    return false;
  }
  const auto read = ResolveScalar("", text);
  return read.ok() && read->is_string();
}

// "|" keeps lines as they are; what begins with a blank or an empty line is quoted instead, as its
// indentation would have to be spelled out.
bool CanBeLiteral(std::string_view text) {
  const size_t line_break = text.find('\n');
  return line_break != std::string_view::npos && line_break > 0 && text[0] != ' ' &&
         !HasOddCharacter(text);
}

class Writer {
 public:
  void Write(const Json& json, size_t indent) {
    if (json.is_object() && !json.empty()) {
      WriteMap(json, indent, false);
    } else if (json.is_array() && !json.empty()) {
      WriteList(json, indent, false);
    } else {
      WriteScalar(json, indent);
      text_ += '\n';
    }
  }

  std::string Take() { return std::move(text_); }

 private:
  void WriteMap(const Json& map, size_t indent, bool first_is_placed) {
    for (const auto& [key, child] : map.items()) {
      if (!first_is_placed) text_.append(indent, ' ');
      first_is_placed = false;
      text_ += CanBePlain(key) ? key : Quoted(key);
      text_ += ':';
      const bool nested = child.is_structured() && !child.empty();
      if (nested) {
        text_ += '\n';
        Write(child, child.is_array() ? indent : indent + 2);
      } else {
        text_ += ' ';
        WriteScalar(child, indent);
        text_ += '\n';
      }
    }
  }

  void WriteList(const Json& list, size_t indent, bool first_is_placed) {
    for (const Json& child : list) {
      if (!first_is_placed) text_.append(indent, ' ');
      first_is_placed = false;
      text_ += "- ";
      if (child.is_object() && !child.empty()) {
        WriteMap(child, indent + 2, true);
      } else if (child.is_array() && !child.empty()) {
        WriteList(child, indent + 2, true);
      } else {
        WriteScalar(child, indent);
        text_ += '\n';
      }
    }
  }

  // Without the final line break; `indent` is that of the line it stands on.
  void WriteScalar(const Json& json, size_t indent) {
    if (!json.is_string()) {
      text_ += json.dump();
      return;
    }
    const auto& string = json.get_ref<const std::string&>();
    if (CanBeLiteral(string)) {
      WriteLiteral(string, indent + 2);
    } else {
      text_ += CanBePlain(string) ? string : Quoted(string);
    }
  }

  void WriteLiteral(std::string_view string, size_t indent) {
    const bool ends_line = string.back() == '\n';
    const bool ends_twice = ends_line && string[string.size() - 2] == '\n';
    text_ += !ends_line ? "|-" : ends_twice ? "|+" : "|";
    if (ends_line) string.remove_suffix(1);
    while (true) {
      const size_t end = string.find('\n');
      const std::string_view line = string.substr(0, end);
      text_ += '\n';
      if (!line.empty()) text_.append(indent, ' ').append(line);
      if (end == std::string_view::npos) return;
      string.remove_prefix(end + 1);
    }
  }

  std::string text_;
};

}  // namespace

std::string ToYaml(const Json& json) {
  Writer writer;
  writer.Write(json, 0);
  return writer.Take();
}

}  // namespace value
