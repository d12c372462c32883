#include "trial/testing/live_run.h"

#include <algorithm>

#include "base/check.h"
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
                             base::Log::Nowhere(), base::Until::After(clock, 120s, stop));
    CHECK(result.ok());
    result_.With([&](auto& place) { place = *std::move(result); });
  });
}

std::optional<WaitProgress> LiveRun::Await(const std::function<bool(const WaitProgress&)>& wanted,
                                           const base::Until& until) {
  std::optional<WaitProgress> found;
  const auto look = [&](const std::vector<WaitProgress>& all) {
    const auto one = std::find_if(all.begin(), all.end(), wanted);
    if (one != all.end()) found = *one;
    return found.has_value();
  };
  (void)progress_.all_.Await(until, look);
  return found;
}

RunResult LiveRun::Finish(const base::Until& until) {
  (void)result_.Await(until, [](const auto& result) { return result.has_value(); });
  crew_.StopAndJoin();
  const auto result = result_.Read([](const auto& one) { return one; });
  CHECK(result.has_value());
  return *result;
}

}  // namespace trial::testing
