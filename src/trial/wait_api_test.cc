// Waiting against a real kube-apiserver: what it tells, what it costs, and that it goes on when the
// server dies, forgets or refuses.

#include <charconv>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/testing/api_server.h"
#include "trial/testing/live_run.h"

namespace trial {
namespace {

using namespace std::chrono_literals;
using kube::testing::SharedApiServer;
using testing::ConfigMap;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LiveRun;
using ::testing::Not;
using testing::SuiteFiles;
using value::Json;

const kube::Kind kConfigMap{"", "v1", "ConfigMap"};
const kube::Kind kPod{"", "v1", "Pod"};

std::string Check(const std::string& fields) {
  return "---\n" + testing::Check(fields);
}

class WaitApiTest : public ::testing::Test {
 protected:
  WaitApiTest() { options_.config.ns = "wait-" + std::to_string(++names_); }

  // A test that waits for ConfigMap web to become green.
  SuiteFiles WaitingForGreen(const std::string& check = "timeout: 150\n") {
    return {{"suite/web/00-install.yaml", ConfigMap("web", "red")},
            {"suite/web/00-assert.yaml", ConfigMap("web", "green") + Check(check)}};
  }

  static bool WaitsForColor(const WaitProgress& progress) {
    return progress.mismatch.find("expected \"green\"") != std::string::npos;
  }

  void Paint(const std::string& color) {
    const auto patched = admin_->MergePatch(kConfigMap, {options_.config.ns, "web"},
                                            {{"data", {{"color", color}}}}, "", Soon());
    ASSERT_TRUE(patched.ok()) << patched.error().message();
  }

  void Make(const Json& object) {
    const auto made = admin_->Create(kube::Object(object), Soon());
    ASSERT_TRUE(made.ok()) << made.error().message();
  }

  // Requests for ConfigMaps that the server has answered so far.
  double ConfigMapRequests() {
    const auto metrics = admin_->Raw("GET", "/metrics", "", Soon());
    if (!metrics.ok()) ADD_FAILURE() << metrics.error().message();
    if (!metrics.ok()) return 0;
    double sum = 0;
    for (const std::string& line : base::Split(*metrics, '\n')) {
      if (line.rfind("apiserver_request_total{", 0) != 0) continue;
      if (line.find("resource=\"configmaps\"") == std::string::npos) continue;
      sum += std::stod(line.substr(line.rfind(' ')));
    }
    return sum;
  }

  base::Until Soon() { return base::Until::After(clock_, 60s); }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> admin_ =
      kube::MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  testing::LiveRunOptions options_;
  static inline int names_ = 0;
};

TEST_F(WaitApiTest, GoesOnThroughARestartOfTheApiServer) {
  const SuiteFiles files = WaitingForGreen();
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));

  ASSERT_TRUE(SharedApiServer().Restart(Soon()).ok());
  Paint("green");

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
}

TEST_F(WaitApiTest, SaysThatTheApiServerIsGoneAndGoesOnWhenItIsBack) {
  const SuiteFiles files = WaitingForGreen();
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));

  SharedApiServer().Kill();
  const auto told = run.Await(
      [](const WaitProgress& progress) {
        return progress.mismatch.find("connection refused") != std::string::npos;
      },
      Soon());
  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());
  Paint("green");

  EXPECT_TRUE(told);
  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
}

TEST_F(WaitApiTest, GoesOnWhenTheHistoryThatItWatchedIsGone) {
  const SuiteFiles files = {{"suite/web/00-install.yaml", ConfigMap("web", "red")},
                            {"suite/web/00-errors.yaml", ConfigMap("web", "red")},
                            {"suite/web/00-assert.yaml", Check("timeout: 150\n")}};
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await([](const WaitProgress&) { return true; }, Soon()));

  SharedApiServer().Kill();
  ASSERT_TRUE(SharedApiServer()
                  .RemoveFromEtcd("/registry/configmaps/" + options_.config.ns + "/web", Soon())
                  .ok());
  ASSERT_TRUE(SharedApiServer().CompactEtcd(Soon()).ok());
  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed) << "its deletion was never announced";
}

class ServiceAccountTest : public WaitApiTest {
 protected:
  // A real ServiceAccount with a real token, that may do `verbs` to ConfigMaps of its namespace.
  std::unique_ptr<kube::Client> Account(const Json& verbs) {
    const std::string ns = options_.config.ns;
    const Json meta = {{"name", "tester"}, {"namespace", ns}};
    Make({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", ns}}}});
    Make({{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", meta}});
    Make({{"apiVersion", "rbac.authorization.k8s.io/v1"},
          {"kind", "Role"},
          {"metadata", meta},
          {"rules", {{{"apiGroups", {""}}, {"resources", {"configmaps"}}, {"verbs", verbs}}}}});
    Make({{"apiVersion", "rbac.authorization.k8s.io/v1"},
          {"kind", "RoleBinding"},
          {"metadata", meta},
          {"roleRef",
           {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "tester"}}},
          {"subjects", {{{"kind", "ServiceAccount"}, {"name", "tester"}, {"namespace", ns}}}}});
    const auto answer = admin_->Raw(
        "POST", "/api/v1/namespaces/" + ns + "/serviceaccounts/tester/token",
        R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}})", Soon());
    if (!answer.ok()) ADD_FAILURE() << answer.error().message();
    const auto token = value::ParseJson(answer.ok() ? *answer : "{}");
    kube::ClusterAccess access = SharedApiServer().Admin();
    access.identity.client_cert_pem.clear();
    access.identity.client_key_pem.clear();
    access.token = value::FindString(token.ok() ? *token : Json(), {"status", "token"});
    options_.scope = WatchScope::kNamespace;
    auto client = kube::MakeClient(access, base::Log::Nowhere());
    kube::testing::AwaitRightToRead(*client, kConfigMap, ns);
    return client;
  }
};

TEST_F(ServiceAccountTest, WithoutTheRightToListItAsksByTheClockMoreAndMoreSeldomAndSaysSo) {
  const auto client = Account({"get", "create", "patch", "delete"});
  const SuiteFiles files = WaitingForGreen();
  const double before = ConfigMapRequests();
  const base::Instant started = clock_.Now();
  LiveRun run(files, *client, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));
  // Nothing tells us of a GET: what has been asked after some seconds is looked at.
  (void)base::Until::After(clock_, 5s).Pause(5s);
  const base::Until until = Soon();
  while (ConfigMapRequests() - before < 6 && until.Pause(100ms)) {
  }
  const double asked = ConfigMapRequests() - before;
  const double seconds = std::chrono::duration<double>(clock_.Now() - started).count();
  Paint("green");

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
  EXPECT_THAT(run.events().With("looking again by the clock instead of watching"),
              ::testing::SizeIs(1));
  EXPECT_GE(asked, 6);
  EXPECT_LE(asked, 10 + seconds * 2);
}

TEST_F(ServiceAccountTest, WithTheRightToListButNotToWatchItAsksByTheClockToo) {
  const auto client = Account({"get", "list", "create", "patch", "delete"});
  const SuiteFiles files = WaitingForGreen();
  LiveRun run(files, *client, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));
  Paint("green");

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
  EXPECT_THAT(run.events().With("looking again by the clock instead of watching"),
              ::testing::SizeIs(1));
}

TEST_F(ServiceAccountTest, AServerThatComesUpDeniesForAMomentAndTheWatchGoesOnAllTheSame) {
  const auto client = Account({"get", "list", "watch", "create", "patch", "delete"});
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", ConfigMap("web", "red")},
      {"suite/web/00-assert.yaml", ConfigMap("web", "green") + Check("timeout: 150\n")},
      {"suite/web/01-install.yaml", ConfigMap("more", "red")}};
  LiveRun run(files, *client, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));

  SharedApiServer().Kill();
  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());
  Paint("green");

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
  EXPECT_THAT(run.events().With("looking again by the clock"), IsEmpty());
}

TEST_F(WaitApiTest, TheHistoryOfAFieldHoldsWhatNobodySawBetweenTwoLooks) {
  const SuiteFiles files = WaitingForGreen("timeout: 8\n");
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));

  for (const char* color : {"blue", "white", "red"}) Paint(color);

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kFailed);
  ASSERT_FALSE(run.events().failures.empty());
  EXPECT_THAT(run.events().failures[0].history,
              ::testing::ElementsAre(::testing::MatchesRegex(
                  "\\.data\\.color was \"red\".*, then \"blue\".*, \"white\".*, \"red\".*")));
}

TEST_F(WaitApiTest, AWaitCostsNoRequestWhileItLastsAndOneWhenItEnds) {
  // The first test opens the watch that the second waits with.
  options_.config.parallel = 1;
  const SuiteFiles files = {
      {"suite/a/00-install.yaml", ConfigMap("first", "red")},
      {"suite/a/00-errors.yaml", ConfigMap("first", "red")},
      {"suite/a/00-assert.yaml", Check("timeout: 1\n")},
      {"suite/b/00-install.yaml", ConfigMap("web", "red")},
      {"suite/b/00-assert.yaml", ConfigMap("web", "green") + Check("timeout: 150\n")}};
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(WaitsForColor, Soon()));
  const double before = ConfigMapRequests();
  (void)base::Until::After(clock_, 4s).Pause(4s);
  const double during = ConfigMapRequests() - before;
  Paint("green");
  run.Finish(Soon());
  const double all = ConfigMapRequests() - before;

  EXPECT_EQ(run.events().verdicts.at("b"), Verdict::kPassed);
  EXPECT_EQ(during, 0);
  // The change, the look that confirms it, both deletions at most, and the end of the watch.
  EXPECT_LE(all, 5);
}

TEST_F(WaitApiTest, WhatBlocksADeletionIsToldWhileItLastsAndInTheEnd) {
  std::string guarded = ConfigMap("web", "red");
  guarded.insert(guarded.find("\ndata:"), "\n  finalizers: [example.com/guard]");
  const SuiteFiles files = {
      {"suite/web/00-install.yaml", guarded},
      {"suite/web/01-delete.yaml",
       "apiVersion: kuttl.dev/v1beta1\nkind: TestStep\ndelete:\n- {apiVersion: v1, kind: "
       "ConfigMap, name: web}\n"},
      {"suite/web/01-assert.yaml",
       "apiVersion: kuttl.dev/v1beta1\nkind: TestAssert\ntimeout: 8\n"}};
  LiveRun run(files, *admin_, clock_, options_);

  const auto told = run.Await(
      [](const WaitProgress& progress) {
        return progress.cause.find("finalizer example.com/guard") != std::string::npos;
      },
      Soon());
  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kFailed);

  ASSERT_TRUE(told) << run.events().failures.at(0).message;
  EXPECT_THAT(told->waiting_for, HasSubstr("the end of ConfigMap"));
  ASSERT_FALSE(run.events().failures.empty());
  EXPECT_THAT(run.events().failures[0].cause,
              Contains(HasSubstr("finalizer example.com/guard (set by seatrial)")));
  (void)admin_->MergePatch(kConfigMap, {options_.config.ns, "web"},
                           {{"metadata", {{"finalizers", nullptr}}}}, "", Soon());
}

class FailEarlyTest : public WaitApiTest {
 protected:
  // A Pod of which the test, in the kubelet's place, says that its image cannot be pulled.
  SuiteFiles WaitingForAPod(const std::string& status, const std::string& check) {
    const std::string head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n";
    return {{"suite/web/00-install.yaml",
             head + "spec:\n  containers:\n  - {name: app, image: localhost/none:1}\n"},
            {"suite/web/00-assert.yaml", head + "status:\n" + status + Check(check)}};
  }

  void SayThatTheImageIsMissing() {
    const Json waiting = {{"reason", "ImagePullBackOff"}, {"message", "Back-off pulling image"}};
    const Json container = {{"name", "app"},     {"image", "localhost/none:1"},
                            {"imageID", ""},     {"ready", false},
                            {"restartCount", 0}, {"state", {{"waiting", waiting}}}};
    const auto patched = admin_->MergePatch(
        kPod, {options_.config.ns, "web"},
        {{"status", {{"phase", "Pending"}, {"containerStatuses", Json::array({container})}}}},
        "status", Soon());
    ASSERT_TRUE(patched.ok()) << patched.error().message();
  }

  static bool Waits(const WaitProgress&) { return true; }
};

TEST_F(FailEarlyTest, ACauseThatStaysEndsTheWait) {
  const SuiteFiles files = WaitingForAPod("  phase: Running\n", "timeout: 150\nfailEarly: true\n");
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(Waits, Soon()));
  SayThatTheImageIsMissing();

  // Long before its timeout.
  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kFailed);

  ASSERT_FALSE(run.events().failures.empty());
  EXPECT_THAT(run.events().failures[0].cause.front(),
              HasSubstr("container app is waiting: ImagePullBackOff: Back-off pulling image: not "
                        "waited for any longer"));
}

TEST_F(FailEarlyTest, ACauseEndsTheWaitOfAnEntryOfMatchToo) {
  SuiteFiles files = WaitingForAPod("  phase: Running\n", "");
  files.Write("suite/web/00-assert.yaml",
              Check("timeout: 150\nfailEarly: true\n"
                    "match:\n- apiVersion: v1\n  kind: Pod\n"
                    "  name: web\n  fields: {.status.phase: Running}\n"));
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(Waits, Soon()));
  SayThatTheImageIsMissing();

  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kFailed);

  ASSERT_FALSE(run.events().failures.empty());
  EXPECT_THAT(run.events().failures[0].cause.front(), HasSubstr("failEarly: "));
}

TEST_F(FailEarlyTest, WithoutItTheCauseIsShownAndTheWaitGoesOn) {
  const SuiteFiles files = WaitingForAPod("  phase: Running\n", "timeout: 150\n");
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(Waits, Soon()));
  SayThatTheImageIsMissing();

  const auto told = run.Await(
      [](const WaitProgress& progress) {
        return progress.cause.find("ImagePullBackOff") != std::string::npos && progress.waited > 3s;
      },
      Soon());
  const auto patched = admin_->MergePatch(kPod, {options_.config.ns, "web"},
                                          {{"status", {{"phase", "Running"}}}}, "status", Soon());

  EXPECT_TRUE(patched.ok());
  EXPECT_TRUE(told);
  EXPECT_EQ(run.Finish(Soon()).verdict, Verdict::kPassed);
}

TEST_F(FailEarlyTest, NotWhenTheAssertItselfAsksForTheCause) {
  const SuiteFiles files = WaitingForAPod(
      "  phase: Failed\n  containerStatuses:\n  - state: {waiting: {reason: ImagePullBackOff}}\n",
      "timeout: 6\nfailEarly: true\n");
  LiveRun run(files, *admin_, clock_, options_);
  ASSERT_TRUE(run.Await(Waits, Soon()));
  SayThatTheImageIsMissing();

  run.Finish(Soon());

  ASSERT_FALSE(run.events().failures.empty());
  EXPECT_THAT(run.events().failures[0].cause, Not(Contains(HasSubstr("not waited for any"))));
  EXPECT_THAT(run.events().failures[0].details,
              Contains(::testing::MatchesRegex("waited ([6-9]|[1-9][0-9])\\.[0-9]+ s for it")));
}

}  // namespace
}  // namespace trial
