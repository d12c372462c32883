#pragma once

// The report of a suite that could not be loaded.

#include <vector>

#include "base/result.h"
#include "trial/suite.h"
#include "value/yaml.h"

namespace app {

// Writes the report that `config` asks for (kNone: none) with every error of `problems` as a
// failure outside of the tests.
base::Result<> ReportLoadFailure(const trial::SuiteConfig& config,
                                 const std::vector<value::Problem>& problems);

}  // namespace app
