#include "report/xml.h"

#include "base/check.h"
#include "report/words.h"

namespace report {
namespace {

std::string Escape(std::string_view text, bool attribute) {
  std::string escaped;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&#34;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '\n':
        escaped += attribute ? "&#xA;" : "\n";
        break;
      case '\t':
        escaped += attribute ? "&#x9;" : "\t";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string EscapeXml(std::string_view text) {
  return Escape(text, true);
}

void XmlWriter::Open(std::string_view element) {
  EndStartTag();
  if (!open_.empty()) open_.back().has_elements = true;
  StartLine();
  open_.push_back({std::string(element)});
  text_ += '<';
  text_ += element;
  in_start_tag_ = true;
}

void XmlWriter::Attribute(std::string_view name, std::string_view value) {
  CHECK(in_start_tag_);
  text_ += ' ';
  text_ += name;
  text_ += "=\"" + Escape(value, true) + '"';
}

void XmlWriter::Text(std::string_view text) {
  EndStartTag();
  open_.back().has_text = true;
  text_ += Escape(text, false);
}

void XmlWriter::Close() {
  const Element element = open_.back();
  open_.pop_back();
  EndStartTag();
  if (element.has_elements && !element.has_text) StartLine();
  text_ += "</" + element.name + '>';
}

std::string XmlWriter::Take() {
  CHECK(open_.empty());
  return std::move(text_) + '\n';
}

void XmlWriter::EndStartTag() {
  if (in_start_tag_) text_ += '>';
  in_start_tag_ = false;
}

void XmlWriter::StartLine() {
  text_ += '\n' + std::string(2 * open_.size(), ' ');
}

}  // namespace report
