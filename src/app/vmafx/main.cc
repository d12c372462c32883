// vmafx: the client of the VMAFx platform.

#include <algorithm>

#include <fmt/format.h>

#include "app/vmafx/job_commands.h"
#include "app/vmafx/platform_commands.h"
#include "app/vmafx/score_command.h"

namespace {

constexpr char kVersion[] = "vmafx 0.1.0";

constexpr char kNotes[] = R"(Examples:
  vmafx score ref.y4m dist.y4m --html frames.html
  vmafx submit s3://videos/ref.mp4 s3://videos/dist.mp4 --wait
  vmafx watch

The controller's address is taken from --controller or VMAFX_CONTROLLER_ADDR. In a cluster:
  kubectl -n vmafx-system port-forward svc/vmafx-controller 9090)";

// "" when `word` is a command or a flag; else what to write instead.
std::string WhyNoCommand(const CLI::App& cli, const std::string& word) {
  std::vector<std::string> commands;
  for (const CLI::App* command : cli.get_subcommands({})) commands.push_back(command->get_name());
  if (word.starts_with('-') || std::ranges::find(commands, word) != commands.end()) return {};
  return fmt::format("\"{}\" is no command of vmafx{}: there are {}", word,
                     base::DidYouMean(word, commands), base::Join(commands, ", "));
}

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  app::Context context{clock, signals};

  CLI::App cli("Video quality by VMAF: scores videos here, or on a platform of nodes.", "vmafx");
  cli.set_version_flag("--version", kVersion);
  cli.require_subcommand(1);
  cli.footer(kNotes);
  app::AddScoreCommand(cli, context);
  app::AddSubmitCommand(cli, context);
  app::AddGetCommand(cli, context);
  app::AddWatchCommand(cli, context);
  app::AddCancelCommand(cli, context);
  app::AddNodesCommand(cli, context);
  app::AddModelsCommand(cli, context);
  app::AddTrainCommand(cli, context);
  app::AddCompletionCommand(cli, context);

  if (argc > 1) {
    if (const std::string why = WhyNoCommand(cli, argv[1]); !why.empty()) {
      return app::Explain(app::kUsage, base::Error(base::Code::kInvalid, why));
    }
  }
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kPassed : app::kUsage;
  }
  return signals.received() != 0 ? app::kInterrupted : context.exit_code;
}
