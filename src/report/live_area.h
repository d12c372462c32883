#pragma once

// Some lines at the bottom of a terminal that are replaced again and again, while other lines
// scroll up above them.

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

namespace report {

// The first `width` characters of a text (by UTF-8 sequences), the last of them "…" if some are cut
// off.
std::string Fit(const std::string& text, size_t width);

class LiveArea {
 public:
  LiveArea(std::ostream& out, size_t width) : out_(out), width_(width) {}

  // Replaces the area. Lines are cut to the width: a wrapped line could not be taken back.
  void Show(const std::vector<std::string>& lines);

  // Prints lines above the area, which is gone until the next Show.
  void PrintAbove(const std::string& text);

 private:
  void Erase();

  std::ostream& out_;
  const size_t width_;
  size_t shown_ = 0;
};

}  // namespace report
