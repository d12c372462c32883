// An API server that has too much to do answers 429 and says when to come back.
// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/

#include <atomic>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/client.h"
#include "kube/store.h"
#include "kube/testing/api_server.h"
#include "kube/testing/overload.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Result;
using base::Until;
using ::testing::HasSubstr;
using testing::Overload;
using testing::SharedApiServer;
using testing::TestNamespace;

const Kind kConfigMap{"", "v1", "ConfigMap"};

class OverloadApiTest : public ::testing::Test {
 protected:
  // Discovery is known from here on, so that each call is one request.
  void SetUp() override { ASSERT_TRUE(client_->Discover(kConfigMap, Soon()).ok()); }

  Until Soon() { return Until::After(clock_, 60s); }

  // Calls that last while the server refuses.
  void Call(const std::string& name, const std::function<Result<>(const Until&)>& call) {
    crew_.Start(name, [this, name, call](const std::stop_token&) {
      const Result<> ended = call(Soon());
      ended_.With([&](auto& all) { all[name] = ended.ok() ? "ok" : ended.error().message(); });
    });
  }
  std::map<std::string, std::string> Ended() {
    return ended_.Read([](const auto& all) { return all; });
  }

  base::SystemClock clock_;
  std::unique_ptr<Client> admin_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  TestNamespace namespace_{*admin_};
  const std::string ns_ = namespace_.name();
  Overload overload_{*admin_};
  std::unique_ptr<Client> client_ = MakeClient(overload_.user(), base::Log::Nowhere());
  base::Guarded<std::map<std::string, std::string>> ended_;
  base::Crew crew_;
};

TEST_F(OverloadApiTest, ReadsWritesAndWatchesComeBackWhenTheServerSaidUntilTheyAreLetIn) {
  std::atomic<int> refusals{0};
  overload_.Begin();
  const int before = overload_.Refused();

  Call("create", [&](const Until& until) -> Result<> {
    TRY(client_->Create(Object(Json{{"apiVersion", "v1"},
                                    {"kind", "ConfigMap"},
                                    {"metadata", {{"name", "web"}, {"namespace", ns_}}}}),
                        until));
    return base::Ok();
  });
  Call("list", [&](const Until& until) -> Result<> {
    TRY(client_->List(kConfigMap, {.ns = ns_}, until));
    return base::Ok();
  });
  Call("watch", [&](const Until& until) {
    WatchOptions options{.ns = ns_};
    options.on_refused = [&](const base::Error&) { ++refusals; };
    return client_->Watch(
        kConfigMap, options, [](const Change&) { return false; }, until);
  });
  // Each is refused at once and about once a second from then on.
  overload_.AwaitRefused(before + 5);
  const auto during = Ended();
  overload_.End();
  const auto ended = ended_.Await(Soon(), [](const auto& all) { return all.size() == 3; });

  EXPECT_THAT(during, ::testing::IsEmpty());
  EXPECT_TRUE(ended.ok());
  for (const auto& [name, how] : Ended()) EXPECT_EQ(how, "ok") << name;
  EXPECT_GE(refusals, 1);
}

TEST_F(OverloadApiTest, ARequestComesBackNoLongerThanItMayAndThenSaysWhatTheServerSaid) {
  overload_.Begin();
  const int before = overload_.Refused();
  const Until until = Until::After(clock_, 5500ms);

  const auto object = client_->Get(kConfigMap, {ns_, "web"}, until);
  const base::Duration late = clock_.Now() - until.deadline();

  ASSERT_TRUE(object.Is(Code::kUnavailable)) << (object.ok() ? "ok" : object.error().message());
  EXPECT_THAT(object.error().message(),
              HasSubstr("GET configmaps " + ns_ + "/web: HTTP status 429: Too many requests"));
  EXPECT_LT(late, 20s) << "the overload goes on";
  EXPECT_GE(overload_.Refused() - before, 2);
  EXPECT_LE(overload_.Refused() - before, 7) << "the server said: one second";
}

TEST_F(OverloadApiTest, AStoreThatIsRefusedIsThereWhenTheServerLetsItIn) {
  overload_.Begin();
  const int before = overload_.Refused();
  Store store(*client_, {.kind = kConfigMap, .ns = ns_}, clock_, base::Log::Nowhere());
  overload_.AwaitRefused(before + 1);
  const bool early = store.health().synced;

  overload_.End();

  EXPECT_FALSE(early);
  EXPECT_TRUE(store.WaitSynced(Soon()).ok());
}

}  // namespace
}  // namespace kube
