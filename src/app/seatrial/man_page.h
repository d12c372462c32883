#pragma once

#include <string>
#include <vector>

#include "app/seatrial/words_of.h"

namespace app {

// The manual page of a program in section 1: every command with its flags and examples, as --help
// has them, then `ending` (further sections, roff). man(7): https://man7.org/linux/man-pages/man7/
// man.7.html
std::string ManPage(const std::string& program, const std::string& version,
                    const std::vector<CommandWords>& words, const std::string& ending);

}  // namespace app
