#include "report/live_area.h"

namespace report {

std::string Fit(const std::string& text, size_t width) {
  size_t characters = 0;
  size_t cut = 0;  // where the last character that leaves room for the mark ends
  for (size_t at = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (characters + 1 == width) cut = at;
    if (++characters > width) return width == 0 ? "" : text.substr(0, cut) + "\xE2\x80\xA6";
  }
  return text;
}

void LiveArea::Show(const std::vector<std::string>& lines) {
  Erase();
  for (const std::string& line : lines) out_ << Fit(line, width_) << '\n';
  shown_ = lines.size();
  out_.flush();
}

void LiveArea::PrintAbove(const std::string& text) {
  Erase();
  out_ << text;
  out_.flush();
}

// Cursor up, then erase to the end of the screen (ECMA-48 CUU, ED).
void LiveArea::Erase() {
  if (shown_ > 0) out_ << "\x1b[" << shown_ << "A\r\x1b[J";
  shown_ = 0;
}

}  // namespace report
