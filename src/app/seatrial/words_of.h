#pragma once

// The commands and flags of a program, walked once for completion scripts and the manual page.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace app {

struct FlagWords {
  std::string brief;                 // "n" of -n, or ""
  std::string name;                  // "namespace" of --namespace
  std::string value;                 // "TEXT", "{xml,json}"; "" for one without a value
  std::vector<std::string> choices;  // "xml", "json"; empty where any value may follow
  std::string text;                  // what it is for, with its default
};

struct CommandWords {
  std::vector<std::string> path;      // {"fault", "kill"}; empty for the program itself
  std::string text;                   // what it is for
  std::string footer;                 // examples
  std::vector<std::string> operands;  // "SUITE..."
  std::vector<FlagWords> flags;       // in the order of --help
  std::vector<std::string> commands;  // names of its sub-commands
};

// The program itself first, then every command before its sub-commands. Hidden ones (an empty
// group) are left out.
std::vector<CommandWords> WordsOf(const CLI::App& program);

}  // namespace app
