#include "trial/steps/commands.h"

#include <fmt/format.h>

#include "base/text.h"

namespace trial {

CommandResult RunPatiently(const CommandSpec& spec, const CommandSettings& settings,
                           const Story& story, const base::Until& until) {
  const auto tell = [&](std::string_view line) { story.Line(std::string(line)); };
  CommandResult result = RunCommand(spec, settings, tell, until);
  for (int left = spec.retries; left > 0 && !result.outcome.ok() && !until.Over(); --left) {
    story.Line(fmt::format("{}; trying again in {}, at most {} more times",
                           result.outcome.failures.front().message,
                           base::FormatSpan(spec.retry_pause), left));
    if (!until.Pause(spec.retry_pause)) break;
    result = RunCommand(spec, settings, tell, until);
  }
  if (spec.retries > 0 && !result.outcome.ok())
    result.outcome.failures.front().message += fmt::format(" ({} tries)", spec.retries + 1);
  return result;
}

Outcome KeepOutput(const CommandSpec& spec, const CommandResult& result, Variables& variables) {
  Outcome outcome;
  if (spec.output.empty() || !result.stdout_text) return outcome;
  std::string text = *result.stdout_text;
  if (!spec.output_json) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    variables[spec.output] = std::move(text);
    return outcome;
  }
  auto json = value::ParseJson(text);
  if (json.ok()) {
    variables[spec.output] = *std::move(json);
  } else {
    outcome.Add(
        Verdict::kFailed,
        FailureAt(spec.place, fmt::format("command \"{}\" printed no JSON for {}: {}",
                                          CommandText(spec), spec.output, json.error().message())));
  }
  return outcome;
}

Outcome RunAll(const std::vector<CommandSpec>& commands, const CommandSettings& settings,
               const Story& story, Variables& variables, const base::Until& until) {
  Outcome all;
  CommandSettings own = settings;
  for (const CommandSpec& spec : commands) {
    story.Line("running command: " + CommandText(spec));
    const CommandResult result = RunPatiently(spec, own, story, until);
    Outcome outcome = result.outcome;
    if (outcome.ok()) outcome = KeepOutput(spec, result, variables);
    for (Failure& failure : outcome.failures) all.Add(outcome.verdict, std::move(failure));
    if (!spec.output.empty() && variables.count(spec.output) != 0)
      own.environment[spec.output] = VariableText(variables[spec.output]);
  }
  return all;
}

}  // namespace trial
