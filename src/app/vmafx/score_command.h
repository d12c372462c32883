#pragma once

// `vmafx score`: scores two local videos with libvmaf in this process.

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "sys/signals.h"

namespace app {

// Exit codes of all commands.
constexpr int kPassed = 0;
constexpr int kUsage = 2;
constexpr int kErrored = 3;
constexpr int kInterrupted = 130;

struct Context {
  base::Clock& clock;
  sys::Signals& signals;
  int exit_code = kPassed;
};

void AddScoreCommand(CLI::App& app, Context& context);

}  // namespace app
