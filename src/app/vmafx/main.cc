// vmafx: the client of the VMAFx platform.

#include "app/vmafx/score_command.h"

namespace {

constexpr char kVersion[] = "vmafx 0.1.0";

}  // namespace

int main(int argc, char** argv) {
  sys::Signals signals;  // before any thread
  base::SystemClock clock;
  app::Context context{clock, signals};

  CLI::App cli("Video quality by VMAF: scores videos here.", "vmafx");
  cli.set_version_flag("--version", kVersion);
  cli.require_subcommand(1);
  app::AddScoreCommand(cli, context);

  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return cli.exit(problem) == 0 ? app::kPassed : app::kUsage;
  }
  return signals.received() != 0 ? app::kInterrupted : context.exit_code;
}
