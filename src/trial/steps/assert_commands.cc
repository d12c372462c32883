#include "trial/steps/assert_commands.h"

#include "base/text.h"
#include "trial/steps/commands.h"

namespace trial {

bool AssertCommands::Run(const base::Until& until) {
  if (!any()) return true;
  const CommandSettings settings{context_.directory, context_.environment, context_.ns,
                                 std::nullopt};
  std::string output;
  Outcome outcome;
  for (const CommandSpec& spec : step_.check->commands) {
    CommandResult result = RunCommand(spec, settings, {}, until);
    if (!spec.skip_log_output) output += result.output;
    if (result.outcome.ok() && context_.variables != nullptr)
      result.outcome = KeepOutput(spec, result, *context_.variables);
    if (result.outcome.ok()) continue;
    outcome = std::move(result.outcome);
    timed_out_ = result.timed_out && until.Expired();
    break;
  }
  // Cut off by the deadline it says less than the try before it.
  if (timed_out_ && !outcome_.ok()) return false;
  outcome_ = std::move(outcome);
  TellOutput(std::move(output));
  return outcome_.ok();
}

// Every round prints the same: only what is new is worth a line.
void AssertCommands::TellOutput(std::string output) {
  if (output == last_output_) return;
  for (const std::string& line : base::Split(output, '\n'))
    if (!line.empty()) context_.story.Line(line);
  last_output_ = std::move(output);
}

}  // namespace trial
