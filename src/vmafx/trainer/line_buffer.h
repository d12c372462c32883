#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmafx::trainer {

// The lines of a connection, cut out of what comes in, however the network cuts it. Keeps less than
// `most_line` bytes of a line that has not ended. One thread.
class LineBuffer {
 public:
  // `most_line`: bytes of a line with its end.
  explicit LineBuffer(size_t most_line) : most_line_(most_line) {}

  void Add(std::string_view bytes) { bytes_.append(bytes); }

  // Whether a line has begun and not ended.
  bool InLine() const { return !bytes_.empty() || skipping_; }

  // One line, without its end ("\n" or "\r\n"); empty ones, which are keep-alives, are left out.
  // What was too long is there when its end has come, so that replies keep the order of lines.
  struct Line {
    std::string text;  // empty when it was too long
    bool too_long = false;
  };
  // The next lines, as long as there are any: then none.
  std::vector<Line> Take();

 private:
  size_t most_line_;
  std::string bytes_;
  bool skipping_ = false;  // within a line that is too long
};

}  // namespace vmafx::trainer
