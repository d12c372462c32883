#pragma once

// Commands and scripts of suites, steps and asserts.

#include <functional>
#include <optional>

#include "sys/process.h"
#include "trial/steps/context.h"

namespace trial {

struct CommandSettings {
  std::filesystem::path directory;
  std::map<std::string, std::string> environment;  // whole; holds NAMESPACE, KUBECONFIG, PATH
  std::string ns;
  std::optional<base::Duration> timeout;  // for a command without one of its own; nullopt: none
};

// The words to execute: `sh -c SCRIPT`, or the command expanded and split, with the namespace added
// where asked. kInvalid says what is wrong with the text.
base::Result<std::vector<std::string>> CommandWords(const CommandSpec& spec,
                                                    const CommandSettings& settings);

struct CommandResult {
  Outcome outcome;
  std::string output;      // stdout and stderr in order, at most the last MiB
  bool timed_out = false;  // its own limit or `until`'s deadline passed
  // What it printed to stdout, for a command with a variable to give it to.
  std::optional<std::string> stdout_text;
  // What it left running in the background ends with this; none if it failed to end by itself.
  std::optional<sys::Process> left;
};

// Runs it to its end, its time limit or the end of `until`; `on_line` is called with each line of
// output (not with skipLogOutput). As with kuttl it lasts as long as anybody has its output open;
// what it left running without it lives as long as the result. ignoreFailure forgives a bad exit
// and a timeout, not a program that is not there.
CommandResult RunCommand(const CommandSpec& spec, const CommandSettings& settings,
                         const std::function<void(std::string_view)>& on_line,
                         const base::Until& until);

// Starts it and returns; its output goes to `output_path`. The caller ends it by destroying it.
base::Result<sys::Process> StartCommand(const CommandSpec& spec, const CommandSettings& settings,
                                        const std::string& output_path);

// The command as messages show it, in one line.
std::string CommandText(const CommandSpec& spec);

}  // namespace trial
