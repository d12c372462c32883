#include "sys/mounts.h"

#include <sys/mount.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "sys/error.h"
#include "sys/files.h"

namespace sys {

namespace {

// Blanks, tabs, line ends and backslashes are written as \ooo.
std::string Unescape(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      result += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                  (text[i + 3] - '0'));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

const char* OrNull(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

std::vector<MountEntry> ParseMounts(std::string_view mountinfo) {
  std::vector<MountEntry> mounts;
  for (const std::string& line : base::Split(mountinfo, '\n')) {
    const std::vector<std::string> words = base::Split(line, ' ');
    // A "-" ends the optional fields, which are of any number.
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 5 || words.end() - dash < 4) continue;
    mounts.push_back({Unescape(words[4]), dash[1], Unescape(dash[2]), base::Split(dash[3], ',')});
  }
  return mounts;
}

base::Result<std::vector<MountEntry>> ReadMounts() {
  return ParseMounts(TRY(ReadFile("/proc/self/mountinfo")));
}

base::Result<> Mount(const std::string& source, const std::string& target, const std::string& type,
                     unsigned long flags, const std::string& data) {
  if (mount(OrNull(source), target.c_str(), OrNull(type), flags, OrNull(data)) == 0)
    return base::Ok();
  return SystemError(errno, fmt::format("mounting {}{}{} on {}", type, type.empty() ? "" : " ",
                                        source.empty() ? "(nothing)" : source, target));
}

}  // namespace sys
