#pragma once

// The program `seatrial` itself, as its users start it.

#include <string>
#include <vector>

#include "base/clock.h"
#include "sys/process.h"

namespace trial::testing {

// `seatrial ARGUMENTS...` in the folder of the sources.
sys::Command SeatrialCommand(std::vector<std::string> arguments);

// Runs it to its end. Where it cannot be started or takes longer than `limit`, the calling test
// fails, and the status is -1.
sys::Exit RunWithin(base::Duration limit, sys::Command command);

}  // namespace trial::testing
