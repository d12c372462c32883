#pragma once

// How tests run a suite from disk: what all of them do alike.

#include <string>

#include "base/clock.h"
#include "trial/loader.h"
#include "trial/plan.h"
#include "trial/runner.h"
#include "trial/testing/suite_files.h"

namespace trial::testing {

// Every test in `suite/` of the files. A problem, also a warning, fails the
// calling test.
Plan PlanOf(const SuiteFiles& files, const LoadOptions& options = {{"README*"}, {}});

// Artifacts beside the suite, a PATH and nothing else for commands, 10 s for the clean-up, watches
// of the whole cluster, and names of namespaces that no other run has had.
RunSettings SettingsOf(const SuiteFiles& files, const std::string& run, base::Clock& clock);

}  // namespace trial::testing
