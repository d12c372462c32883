#pragma once

// Writes XML 1.0: elements, attributes, text. Escapes everything that it is given.

#include <string>
#include <string_view>
#include <vector>

namespace report {

// For an attribute value or a text: markup characters become entities, line breaks and tabs of
// attributes character references (a parser would turn them into spaces). What XML cannot hold
// (control characters, bad UTF-8) becomes U+FFFD; colors of terminals are removed.
std::string EscapeXml(std::string_view text);

class XmlWriter {
 public:
  // Attributes belong to the element opened last and come before its content.
  void Open(std::string_view element);
  void Attribute(std::string_view name, std::string_view value);
  void Text(std::string_view text);
  void Close();

  // The document; every element must be closed.
  std::string Take();

 private:
  void EndStartTag();
  void StartLine();

  struct Element {
    std::string name;
    bool has_elements = false;
    bool has_text = false;
  };

  std::string text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
  std::vector<Element> open_;
  bool in_start_tag_ = false;
};

}  // namespace report
