#pragma once

// How the commands of seatrial begin and end: deadlines from flags, errors to stderr, exit codes.

#include <string>

#include "app/seatrial/commands.h"
#include "base/result.h"

namespace app {

// "seatrial: ..." on stderr for a failure, and the exit code: 2 for bad input, 130 when it was
// interrupted, 3 otherwise.
int Finish(const base::Result<>& result, Context& context);

// From now for `timeout` ("90s"), ending with SIGINT and SIGTERM too. `timeout` is one that
// CheckDuration let through.
base::Until UntilTimeout(Context& context, const std::string& timeout);

// For CLI::Option::check: "" or what is wrong with a duration such as "90s".
std::string CheckDuration(const std::string& text);

}  // namespace app
