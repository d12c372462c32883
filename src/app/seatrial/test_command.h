#pragma once

// What `seatrial test` and `kubectl kuttl test` share.

#include "app/seatrial/suite_run.h"

namespace app {

// Loads the suite, finds or starts its cluster, runs it. Exit codes of `seatrial test`: kPassed;
// kUsage for values of flags that cannot be read and when no cluster is named; else kFailed.
int TestSuites(const SuiteFlags& flags, const ClusterFlags& cluster, Context& context);

}  // namespace app
