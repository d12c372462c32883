#include "trial/testing/suite_run.h"

#include <gtest/gtest.h>

#include "base/check.h"

namespace trial::testing {

Plan PlanOf(const SuiteFiles& files, const LoadOptions& options) {
  Problems problems(false);
  auto tests = LoadTests(files.Path("suite"), options, problems);
  for (const auto& problem : problems.all()) ADD_FAILURE() << problem.Format();
  auto plan = MakePlan(std::move(tests), "");
  CHECK(plan.ok());
  return *std::move(plan);
}

RunSettings SettingsOf(const SuiteFiles& files, const std::string& run, base::Clock& clock) {
  RunSettings settings;
  settings.run = run;
  settings.working_directory = files.Path();
  settings.environment = {{"PATH", "/usr/bin:/bin"}};
  settings.scope = WatchScope::kCluster;
  settings.seed = static_cast<uint64_t>(clock.WallNow().time_since_epoch().count());
  settings.cleanup_limit = std::chrono::seconds(10);
  settings.artifacts = files.Path("artifacts");
  return settings;
}

}  // namespace trial::testing
