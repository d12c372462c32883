// What a user with ordinary rights sees of an API server that dies and comes back.

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "kube/client.h"
#include "kube/testing/api_server.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using testing::SharedApiServer;

const Kind kConfigMap{"", "v1", "ConfigMap"};

class RestartApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  // May do everything, because RBAC says so.
  std::unique_ptr<Client> User(const std::string& name) {
    const Json subject = {
        {"kind", "User"}, {"apiGroup", "rbac.authorization.k8s.io"}, {"name", name}};
    const auto bound = admin_->Create(Object(Json{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                                                  {"kind", "ClusterRoleBinding"},
                                                  {"metadata", {{"name", name}}},
                                                  {"subjects", Json::array({subject})},
                                                  {"roleRef",
                                                   {{"kind", "ClusterRole"},
                                                    {"apiGroup", "rbac.authorization.k8s.io"},
                                                    {"name", "cluster-admin"}}}}),
                                      Soon());
    if (!bound.ok()) ADD_FAILURE() << bound.error().message();
    auto user = MakeClient(*SharedApiServer().As(name), base::Log::Nowhere());
    testing::AwaitRightToRead(*user, kConfigMap, "default");
    return user;
  }

  // How many requests ended how.
  struct Seen {
    int ok = 0;
    int denied = 0;
    int away = 0;  // no server there
  };

  base::SystemClock clock_;
  std::unique_ptr<Client> admin_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
};

TEST_F(RestartApiTest, NothingIsDeniedThatIsAllowedWhileTheServerComesUp) {
  const auto user = User("restart-user");
  base::Guarded<Seen> seen;
  base::Crew crew;
  crew.Start("ask", [&](const std::stop_token& stop) {
    const Until end(clock_, base::Instant::max(), stop);
    while (!end.Over()) {
      const auto list = user->List(kConfigMap, {.ns = "default"}, end.Within(30s));
      seen.With([&](Seen& all) {
        if (list.ok()) ++all.ok;
        if (list.Is(Code::kDenied)) ++all.denied;
        if (list.Is(Code::kUnavailable)) ++all.away;
      });
      (void)end.Pause(1ms);  // as often as can be: the moment is short
    }
  });

  for (int i = 0; i < 2; ++i) {
    seen.With([](Seen& all) { all.away = 0; });
    SharedApiServer().Kill();
    ASSERT_TRUE(seen.Await(Soon(), [](const Seen& all) { return all.away > 0; }).ok());
    ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());
    seen.With([](Seen& all) { all.ok = 0; });
    ASSERT_TRUE(seen.Await(Soon(), [](const Seen& all) { return all.ok > 0; }).ok());
  }
  crew.StopAndJoin();

  EXPECT_EQ(seen.Read([](const Seen& now) { return now.denied; }), 0);
}

}  // namespace
}  // namespace kube
