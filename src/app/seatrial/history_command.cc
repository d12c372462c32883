// seatrial history: what the runs of --history say about tests, steps and timeouts.

#include <memory>

#include <fmt/format.h>

#include "app/seatrial/commands.h"
#include "app/seatrial/finish.h"
#include "report/history.h"

namespace app {
namespace {

struct HistoryFlags {
  std::string file;
  int last = 50;
};

base::Result<int> Print(const HistoryFlags& flags) {
  auto history = TRY(report::History::Open(flags.file));
  const report::HistoryDigest digest = TRY(history.Digest(flags.last));
  fmt::print("{}", report::FormatHistory(digest));
  return kPassed;
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Context& context) {
  CLI::App* command =
      app.add_subcommand("history", "how often tests failed, slow steps, timeouts that do not fit");
  const auto flags = std::make_shared<HistoryFlags>();
  command->add_option("file", flags->file, "what `test --history` or `run --history` wrote")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--last", flags->last, "look at so many of the newest runs")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->callback([flags, &context] {
    const auto code = Print(*flags);
    context.exit_code = code.ok() ? *code : Finish(code.error(), context);
  });
}

}  // namespace app
