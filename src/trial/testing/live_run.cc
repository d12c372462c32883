#include "trial/testing/live_run.h"

#include <gtest/gtest.h>

#include "trial/testing/suite_run.h"

namespace trial::testing {

using namespace std::chrono_literals;

LiveRun::LiveRun(const SuiteFiles& files, kube::Client& client, base::Clock& clock,
                 LiveRunOptions options) {
  RunSettings settings = SettingsOf(files, "", clock);
  settings.run = "live-" + std::to_string(settings.seed);
  settings.scope = options.scope;
  crew_.Start("run", [this, plan = PlanOf(files), config = std::move(options.config), settings,
                      &client, &clock](std::stop_token stop) {
    auto result = trial::Run(plan, config, settings, client, {&events_, &progress_},
                             base::Log::Nowhere(), base::Until::After(clock, 300s, stop));
    result_.With([&](auto& place) { place = std::move(result); });
  });
}

RunResult LiveRun::Finish(const base::Until& until) {
  const auto ended = result_.Await(until, [](const auto& result) { return result.has_value(); });
  if (!ended.ok()) ADD_FAILURE() << "the run goes on: " << ended.error().message();
  crew_.StopAndJoin();
  auto result = *result_.Read([](const auto& one) { return one; });
  if (!result.ok()) ADD_FAILURE() << result.error().message();
  RunResult none;
  none.verdict = Verdict::kErrored;
  return std::move(result).ValueOr(none);
}

}  // namespace trial::testing
