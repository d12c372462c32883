#pragma once

// Scripts that complete the words of a program in a shell: commands, flags, the values of closed
// sets; file names elsewhere.

#include <string>
#include <vector>

#include "app/seatrial/words_of.h"

namespace app {

// https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
std::string BashCompletion(const std::string& program, const std::vector<CommandWords>& words);
// https://zsh.sourceforge.io/Doc/Release/Completion-System.html
std::string ZshCompletion(const std::string& program, const std::vector<CommandWords>& words);
// https://fishshell.com/docs/current/completions.html
std::string FishCompletion(const std::string& program, const std::vector<CommandWords>& words);

}  // namespace app
