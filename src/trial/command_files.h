#pragma once

// The programs and script files that a command line or a script names.

#include <string>
#include <string_view>
#include <vector>

namespace trial {

struct NamedFile {
  std::string path;  // as written
  // kProgram: is executed; a path without a slash is looked up in PATH. kScript: read by an
  // interpreter, relative to the directory of the command.
  enum class Kind { kProgram, kScript } kind = Kind::kProgram;
};

// Of a command that is executed without a shell: `words` as they are executed.
std::vector<NamedFile> FilesOfCommand(const std::vector<std::string>& words);

// Of a shell script, as far as it can be told without running it: script files that a simple
// command starts (`./check.sh`, `sh ../up.sh`, `. lib.sh`), in front of the first `cd`. Words with
// variables or patterns, here-documents, text that a quote spans over lines, and files that the
// script mentions before (it may make them) are left out. Programs are not told: they may be
// functions, aliases or the shell's own.
std::vector<NamedFile> FilesOfScript(std::string_view script);

}  // namespace trial
