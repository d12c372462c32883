#pragma once

#include "expect/helper.h"

namespace expect::testing {

// The real helper: the environment's SEATRIAL_EVAL, else what tools/eval/build has built. Templates
// see `environment`. Asking it fails, and says what to run, where it has not been built.
HelperOptions HelperForTests(std::map<std::string, std::string> environment = {});

}  // namespace expect::testing
