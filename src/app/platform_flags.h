#pragma once

// Flags that the platform's programs have in common. Each has an environment variable behind it: a
// flag wins over the environment, that over the default.

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

namespace app {

// Exit codes of the platform's programs, beside their own.
constexpr int kStopped = 0;
constexpr int kUsage = 2;
constexpr int kErrored = 3;

// Reads the command line. An exit code where the program has nothing else to do: --help and
// --version are printed, a mistake is told.
inline std::optional<int> Parse(CLI::App& cli, int argc, char** argv) {
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return cli.exit(end) == 0 ? kStopped : kUsage;
  }
  return std::nullopt;
}

// Go's duration syntax, above zero. `target` keeps its value as the default.
inline void AddDuration(CLI::App& app, const std::string& flag, const std::string& variable,
                        base::Duration& target, const std::string& help) {
  app.add_option_function<std::string>(
         flag,
         [&target, flag](const std::string& text) {
           auto parsed = base::ParseDuration(text);
           if (!parsed.ok()) throw CLI::ValidationError(flag, parsed.error().message());
           if (*parsed <= base::Duration::zero()) {
             throw CLI::ValidationError(flag, "\"" + text + "\" is not above zero");
           }
           target = *parsed;
         },
         help + " (default " + base::FormatSpan(target) + ")")
      ->envname(variable)
      ->type_name("DURATION");
}

inline void AddLogLevel(CLI::App& app, base::Level& level) {
  app.add_option_function<std::string>(
         "--log-level",
         [&level](const std::string& word) {
           auto parsed = base::ParseLevel(word);
           if (!parsed.ok()) throw CLI::ValidationError("--log-level", parsed.error().message());
           level = *parsed;
         },
         "debug, info, warn or error (default info)")
      ->envname("VMAFX_LOG_LEVEL");
}

}  // namespace app
