#include "vmafx/trainer/line_buffer.h"

namespace vmafx::trainer {

std::vector<LineBuffer::Line> LineBuffer::Take() {
  constexpr size_t kMostLinesAtOnce = 256;
  std::vector<Line> lines;
  size_t start = 0;
  while (lines.size() < kMostLinesAtOnce) {
    const size_t end = bytes_.find('\n', start);
    if (end == std::string::npos) break;
    std::string_view text(bytes_.data() + start, end - start);
    const bool too_long = skipping_ || text.size() >= most_line_;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (too_long) {
      lines.push_back({"", true});
    } else if (!text.empty()) {
      lines.push_back({std::string(text), false});
    }
    skipping_ = false;
    start = end + 1;
  }
  bytes_.erase(0, start);
  if (bytes_.size() >= most_line_ && bytes_.find('\n') == std::string::npos) {
    bytes_.clear();
    skipping_ = true;
  }
  return lines;
}

}  // namespace vmafx::trainer
