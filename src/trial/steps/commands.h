#pragma once

// Commands one after the other: retries, and output that becomes variables.

#include "trial/steps/command.h"
#include "trial/variables.h"

namespace trial {

// RunCommand, and again after its pause as long as it fails and has retries left; all within
// `until`. The last run counts; the others are told in the story.
CommandResult RunPatiently(const CommandSpec& spec, const CommandSettings& settings,
                           const Story& story, const base::Until& until);

// Puts the stdout of a command that went well into its variable: without line breaks at its end, or
// read as JSON. A text that is no JSON is a failure of the command.
Outcome KeepOutput(const CommandSpec& spec, const CommandResult& result, Variables& variables);

// All of them, also when one has failed (`catch`, `finally`). Background ones run to their end as
// well. The variables that they fill are for those after them.
Outcome RunAll(const std::vector<CommandSpec>& commands, const CommandSettings& settings,
               const Story& story, Variables& variables, const base::Until& until);

}  // namespace trial
