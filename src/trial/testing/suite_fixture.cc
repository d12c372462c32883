#include "trial/testing/suite_fixture.h"

#include <utility>

#include "kube/testing/api_server.h"

namespace trial::testing {

SuiteFixture::SuiteFixture(std::string name)
    : client_(kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere())),
      name_(std::move(name)) {
  run_ = NewId();
}

RunResult SuiteFixture::RunSuite(const SuiteFiles& files, std::stop_token stop) {
  if (ran_) run_ = NewId();
  ran_ = true;
  RunSettings settings = SettingsOf(files, run_, clock_);
  Adjust(settings);
  events_ = {};
  const auto result =
      trial::Run(PlanOf(files, load_options_), config_, settings, *client_, {&events_, &progress_},
                 base::Log::Nowhere(), base::Until::After(clock_, std::chrono::seconds(300), stop));
  if (!result.ok()) ADD_FAILURE() << result.error().message();
  return result.ok() ? *result : RunResult{};
}

std::string SuiteFixture::Messages() const {
  std::string messages;
  for (const Failure& failure : events_.failures) {
    messages += failure.Place() + ": " + failure.message + "\n";
    for (const std::string& detail : failure.details) messages += "  " + detail + "\n";
  }
  return messages;
}

}  // namespace trial::testing
