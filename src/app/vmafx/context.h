#pragma once

// What all commands of vmafx have in common: exit codes, output, how they end.

#include <string>

#include <CLI/CLI.hpp>

#include "app/platform_flags.h"
#include "base/clock.h"
#include "base/result.h"
#include "sys/signals.h"

namespace app {

// Exit codes, beside kUsage and kErrored.
constexpr int kPassed = 0;
constexpr int kFailed = 1;  // the job that was waited for has no score
constexpr int kInterrupted = 130;

struct Context {
  base::Clock& clock;
  sys::Signals& signals;
  int exit_code = kPassed;

  // No deadline of our own: a film may take hours, and Ctrl-C ends it.
  base::Until until() const {
    return base::Until::After(clock, std::chrono::hours(24 * 365), signals.stop());
  }
};

enum class Format { kText, kJson };

// -o, --output.
void AddFormat(CLI::App& command, Format& format);

// Says why on stderr; returns the exit code: kUsage for kInvalid input, else kErrored.
int Explain(const base::Error& error);
int Explain(int exit_code, const base::Error& error);

// Writes all of `text` to stdout; returns kPassed, or explains.
int Print(const std::string& text);

}  // namespace app
