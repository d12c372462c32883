#pragma once

// The commands of `seatrial`, one file for each family. Each function adds its subcommands to
// `app`; a subcommand's callback runs the command and stores its exit code in `context.exit_code`.
// Only app/ reads flags and the environment.

#include <string>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "sys/signals.h"

namespace app {

struct Context {
  base::Clock& clock;
  sys::Signals& signals;
  int exit_code = 0;
};

// Exit codes. `test` keeps kuttl's: kPassed, else kFailed, whatever the reason; it shares only
// kUsage (wrong flags, no cluster named) and kInterrupted.
constexpr int kPassed = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;       // wrong flags, or input that cannot be used: a suite, an image list
constexpr int kErrored = 3;     // could not find out: no root, no programs, no API server
constexpr int kNothingRan = 4;  // there was no test to run
constexpr int kInterrupted = 130;

void AddClusterCommands(CLI::App& app,
                        Context& context);           // up, down, status, kubeconfig, shell, logs
void AddGcCommand(CLI::App& app, Context& context);  // gc
void AddEngineCommands(CLI::App& app, Context& context);  // engine
void AddFaultCommands(CLI::App& app, Context& context);   // fault
void AddImageCommands(CLI::App& app, Context& context);   // image, load
void AddTestCommand(CLI::App& app, Context& context);     // test
void AddRunCommand(CLI::App& app, Context& context);      // run
void AddCheckCommand(CLI::App& app, Context& context);    // check
void AddHistoryCommand(CLI::App& app, Context& context);  // history
void AddSelfCommands(CLI::App& app, Context& context,
                     const std::string& version);         // completion, man
void AddAssertCommands(CLI::App& app, Context& context);  // assert, errors

}  // namespace app
