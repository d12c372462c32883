#include "trial/steps/command.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "sys/memory_file.h"
#include "trial/words.h"

namespace trial {
namespace {

using base::Code;

constexpr size_t kShownLines = 20;
constexpr size_t kLargestOutput = size_t{1} << 20;  // of a variable
constexpr auto kNoLimit = std::chrono::hours(24 * 365);

std::vector<std::string> LastLines(const std::string& output) {
  std::vector<std::string> lines = base::Split(output, '\n');
  while (!lines.empty() && base::Trim(lines.back()).empty()) lines.pop_back();
  if (lines.size() <= kShownLines) return lines;
  return {lines.end() - kShownLines, lines.end()};
}

base::Duration Limit(const CommandSpec& spec, const CommandSettings& settings) {
  if (spec.timeout > 0) return std::chrono::seconds(spec.timeout);
  if (spec.timeout < 0 || !settings.timeout) return kNoLimit;
  return *settings.timeout;
}

sys::Command MakeCommand(std::vector<std::string> words, const CommandSettings& settings) {
  sys::Command command;
  command.argv = std::move(words);
  command.environment = settings.environment;
  command.directory = settings.directory.string();
  return command;
}

// Moves what stands in `file` into `result`, and tells it as any other output.
base::Result<> TakeStdout(const sys::MemoryFile& file, CommandResult& result,
                          const std::function<void(std::string_view)>& tell) {
  std::string text = TRY(file.Read(kLargestOutput));
  result.output += text;
  if (tell) {
    for (const std::string& line : base::Split(text, '\n'))
      if (!line.empty()) tell(line);
  }
  result.stdout_text = std::move(text);
  return base::Ok();
}

// What to say when the command did not come to its own end.
Failure TimeoutFailure(const CommandSpec& spec, base::Duration limit, const std::string& output) {
  Failure failure = FailureAt(spec.place, fmt::format("command \"{}\" took longer than {}",
                                                      CommandText(spec), base::FormatSpan(limit)));
  failure.details = LastLines(output);
  return failure;
}

}  // namespace

std::string CommandText(const CommandSpec& spec) {
  // skipLogOutput is there to keep secrets out of the log, and they stand in the text as well.
  if (spec.skip_log_output) return "(not shown: skipLogOutput)";
  return Summarize(spec.script.empty() ? spec.command : spec.script);
}

base::Result<std::vector<std::string>> CommandWords(const CommandSpec& spec,
                                                    const CommandSettings& settings) {
  if (!spec.script.empty()) return std::vector<std::string>{"sh", "-c", spec.script};
  auto words = TRY(SplitWords(ExpandVariables(spec.command, settings.environment)));
  if (words.empty())
    return base::Fail(Code::kInvalid, "nothing is left of command \"{}\"", spec.command);
  if (spec.namespaced) return AddNamespace(std::move(words), settings.ns);
  return words;
}

CommandResult RunCommand(const CommandSpec& spec, const CommandSettings& settings,
                         const std::function<void(std::string_view)>& on_line,
                         const base::Until& until) {
  CommandResult result;
  auto words = CommandWords(spec, settings);
  if (!words.ok()) {
    result.outcome.Add(Verdict::kErrored, FailureAt(spec.place, words.error().message()));
    return result;
  }
  sys::Command command = MakeCommand(*std::move(words), settings);
  command.on_line = [&](std::string_view line) {
    result.output += line;
    result.output += '\n';
    if (on_line && !spec.skip_log_output) on_line(line);
  };
  std::optional<sys::MemoryFile> only_stdout;
  if (!spec.output.empty()) {
    auto file = sys::MemoryFile::Make();
    if (!file.ok()) {
      result.outcome.Add(Verdict::kErrored, FailureAt(spec.place, file.error().message()));
      return result;
    }
    only_stdout = *std::move(file);
    command.output_fd = only_stdout->fd();
  }
  command.whole_output = !spec.skip_log_output;  // kuttl reads none of that one's
  const base::Duration limit = std::min(Limit(spec, settings), until.Left());
  auto process = sys::Process::Start(std::move(command));
  const auto exit = process.ok() ? process->Wait(until.Within(limit)) : process.error();
  if (exit.ok()) result.left = *std::move(process);
  if (only_stdout) {
    const auto tell = spec.skip_log_output ? std::function<void(std::string_view)>() : on_line;
    const auto taken = TakeStdout(*only_stdout, result, tell);
    if (!taken.ok())
      result.outcome.Add(Verdict::kErrored, FailureAt(spec.place, taken.error().message()));
  }
  if (exit.ok() && (exit->ok() || spec.ignore_failure)) return result;
  if (exit.ok()) {
    Failure failure = FailureAt(
        spec.place, fmt::format("command \"{}\" failed, {}", CommandText(spec), exit->Describe()));
    failure.details = LastLines(result.output);
    result.outcome.Add(Verdict::kFailed, std::move(failure));
  } else if (exit.Is(Code::kTimeout)) {
    result.timed_out = true;
    if (!spec.ignore_failure)
      result.outcome.Add(Verdict::kFailed, TimeoutFailure(spec, limit, result.output));
  } else {
    result.outcome.Add(Verdict::kErrored, FailureAt(spec.place, exit.error().message()));
  }
  return result;
}

base::Result<sys::Process> StartCommand(const CommandSpec& spec, const CommandSettings& settings,
                                        const std::string& output_path) {
  sys::Command command = MakeCommand(TRY(CommandWords(spec, settings)), settings);
  command.output_path = output_path;
  return sys::Process::Start(std::move(command));
}

}  // namespace trial
