#pragma once

// The commands of `seatrial`, one file for each family. Each function adds its subcommands to
// `app`; a subcommand's callback runs the command and stores its exit code in `context.exit_code`.
// Only app/ reads flags and the environment.

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "sys/signals.h"

namespace app {

struct Context {
  base::Clock& clock;
  sys::Signals& signals;
  int exit_code = 0;
};

// Exit codes of all commands but test, assert and errors, which keep kuttl's.
constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kErrored = 3;
constexpr int kNothingRan = 4;
constexpr int kInterrupted = 130;

void AddClusterCommands(CLI::App& app,
                        Context& context);               // up, down, status, kubeconfig, shell, gc
void AddImageCommands(CLI::App& app, Context& context);  // image, load
void AddTestCommand(CLI::App& app, Context& context);    // test
void AddRunCommand(CLI::App& app, Context& context);     // run

}  // namespace app
