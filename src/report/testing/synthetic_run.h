#pragma once

// A small run with everything that a report must show, told to a listener: for tests of reports.

#include "trial/events.h"

namespace report::testing {

// Two suites of three tests: one passes, one fails in its second of three steps (with a diff, a
// cause and awkward characters), one cannot be set up; the clean-up of the first fails. Times are
// fixed: the run starts at 2026-01-01T00:00:00Z.
void TellSyntheticRun(trial::Listener& listener);

}  // namespace report::testing
