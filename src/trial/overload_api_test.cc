// A run goes on while a real kube-apiserver answers 429.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "kube/testing/overload.h"
#include "trial/testing/live_run.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using testing::ConfigMap;
using ::testing::IsEmpty;
using testing::LiveRun;
using testing::SuiteFiles;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};

// With a minute to wait for it.
std::string Patiently(const std::string& objects) {
  return objects + "---\n" + testing::Check("timeout: 60\n");
}

class RunOverloadApiTest : public ::testing::Test {
 protected:
  RunOverloadApiTest() {
    options_.config.ns = "overload-" + std::to_string(++names_);
    options_.config.timeout = 60;
  }

  base::Until Soon() { return base::Until::After(clock_, 60s); }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> admin_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  kube::testing::Overload overload_{*admin_};
  std::unique_ptr<kube::Client> client_ = kube::MakeClient(overload_.user(), base::Log::Nowhere());
  testing::LiveRunOptions options_;
  static inline int names_ = 0;
};

TEST_F(RunOverloadApiTest, AWaitSaysThatTheServerIsOverloadedAndPassesWhenItIsNotAnyMore) {
  const SuiteFiles files = {{"suite/web/00-install.yaml", ConfigMap("web", "red")},
                            {"suite/web/00-assert.yaml", Patiently(ConfigMap("web", "green"))},
                            {"suite/web/01-more.yaml", ConfigMap("more", "red")},
                            {"suite/web/01-assert.yaml", Patiently(ConfigMap("more", "red"))}};
  LiveRun run(files, *client_, clock_, options_);
  ASSERT_TRUE(run.Await(
      [](const WaitProgress& progress) {
        return progress.mismatch.find("expected \"green\"") != std::string::npos;
      },
      Soon()));
  overload_.Begin();
  const int before = overload_.Refused();

  const auto painted = admin_->MergePatch(kConfigMap, {options_.config.ns, "web"},
                                          {{"data", {{"color", "green"}}}}, "", Soon());
  const auto told = run.Await(
      [](const WaitProgress& progress) {
        return progress.mismatch.find("HTTP status 429") != std::string::npos;
      },
      Soon());
  overload_.AwaitRefused(before + 2);
  overload_.End();

  EXPECT_TRUE(painted.ok());
  EXPECT_TRUE(told);
  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
  EXPECT_THAT(run.events().failures, IsEmpty());
}

TEST_F(RunOverloadApiTest, ARunThatBeginsUnderAnOverloadWaitsForItsEnd) {
  const SuiteFiles files = {{"suite/web/00-install.yaml", ConfigMap("web", "red")},
                            {"suite/web/00-assert.yaml", Patiently(ConfigMap("web", "red"))},
                            {"suite/web/01-install.yaml", ConfigMap("web", "green")},
                            {"suite/web/01-errors.yaml", ConfigMap("web", "red")}};
  overload_.Begin();
  const int before = overload_.Refused();
  LiveRun run(files, *client_, clock_, options_);

  overload_.AwaitRefused(before + 2);
  overload_.End();

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
  EXPECT_THAT(run.events().failures, IsEmpty());
}

}  // namespace
}  // namespace trial
