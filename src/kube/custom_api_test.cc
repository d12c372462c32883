#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "kube/client.h"
#include "kube/store.h"
#include "kube/testing/api_server.h"
#include "net/certificates.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using testing::SharedApiServer;
using testing::TestNamespace;

const Kind kDefinition{"apiextensions.k8s.io", "v1", "CustomResourceDefinition"};

// Custom resources: kinds that come and go while the client lives.
class CustomResourceApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  // A definition in a group of this test alone.
  Object Definition(const std::string& scope) const {
    const Json any = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    const Json schema = {{"type", "object"}, {"properties", {{"spec", any}, {"status", any}}}};
    Json version = {{"name", "v1"}, {"served", true}, {"storage", true}};
    version["schema"]["openAPIV3Schema"] = schema;
    version["subresources"]["status"] = Json::object();
    Json json = {{"apiVersion", "apiextensions.k8s.io/v1"},
                 {"kind", "CustomResourceDefinition"},
                 {"metadata", {{"name", "ships." + group_}}}};
    json["spec"] = {{"group", group_},
                    {"scope", scope},
                    {"names", {{"plural", "ships"}, {"singular", "ship"}, {"kind", "Ship"}}}};
    json["spec"]["versions"] = Json::array({version});
    return Object(json);
  }

  // Creates the definition and waits until the API server says that it serves it.
  void Define(const std::string& scope) {
    const auto created = client_->Create(Definition(scope), Soon());
    ASSERT_TRUE(created.ok()) << created.error().message();
    const Key key = created->key();
    Store definitions(*client_, {.kind = kDefinition}, clock_, base::Log::Nowhere());
    const auto ready = [&](const Store::Snapshot& now) {
      const auto found = now.objects.find(key);
      return found != now.objects.end() && found->second->Condition("Established") == "True";
    };
    ASSERT_TRUE(definitions.WaitFor(ready, Soon()).ok());
    // Discovery follows the condition by a moment that nothing announces.
    const Until until = Soon();
    while (client_->Discover(kind_, until).Is(Code::kNotFound) && until.Pause(20ms)) {
    }
  }

  // Deletes the definition and waits until it is gone.
  void Undefine() {
    const Key key = Definition("").key();
    Store definitions(*client_, {.kind = kDefinition}, clock_, base::Log::Nowhere());
    ASSERT_TRUE(definitions.WaitSynced(Soon()).ok());
    ASSERT_TRUE(client_->Delete(kDefinition, key, {}, Soon()).ok());
    const auto gone = [&](const Store::Snapshot& now) { return now.objects.count(key) == 0; };
    ASSERT_TRUE(definitions.WaitFor(gone, Soon()).ok());
  }

  Object Ship(const std::string& name) const {
    return Object(Json{{"apiVersion", group_ + "/v1"},
                       {"kind", "Ship"},
                       {"metadata", {{"name", name}, {"namespace", ns_}}},
                       {"spec", {{"masts", 3}}},
                       {"status", {{"phase", "Ignored"}}}});
  }

  base::SystemClock clock_;
  std::unique_ptr<Client> client_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  TestNamespace namespace_{*client_};
  const std::string ns_ = namespace_.name();
  const std::string group_ = "test-" + net::RandomHex(3) + ".example.com";
  const Kind kind_{group_, "v1", "Ship"};
};

TEST_F(CustomResourceApiTest, DiscoveryFindsAKindThatWasDefinedAfterItFirstLooked) {
  const auto before = client_->Discover(kind_, Soon());
  Define("Namespaced");
  const auto after = client_->Discover(kind_, Soon());

  ASSERT_TRUE(before.Is(Code::kNotFound));
  EXPECT_EQ(before.error().message(), "no kind \"Ship\" in " + group_ + "/v1 on this cluster");
  ASSERT_TRUE(after.ok()) << after.error().message();
  EXPECT_EQ(after->plural, "ships");
  EXPECT_TRUE(after->namespaced);
  EXPECT_THAT(after->verbs, ::testing::Contains("watch"));
}

TEST_F(CustomResourceApiTest, StatusIsWrittenThroughItsSubresourceOnly) {
  Define("Namespaced");

  const auto created = client_->Create(Ship("victory"), Soon());
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_EQ(created->Find({"status"}), nullptr);

  Object afloat = *created;
  afloat.json()["status"] = {{"phase", "Afloat"}};
  afloat.json()["spec"]["masts"] = 1;
  const auto updated = client_->UpdateStatus(afloat, Soon());
  ASSERT_TRUE(updated.ok()) << updated.error().message();
  EXPECT_EQ(updated->String({"status", "phase"}), "Afloat");
  EXPECT_EQ(*updated->Find({"spec", "masts"}), 3);

  const auto patched = client_->MergePatch(kind_, {ns_, "victory"},
                                           {{"status", {{"phase", "Docked"}}}}, "status", Soon());
  ASSERT_TRUE(patched.ok()) << patched.error().message();
  EXPECT_EQ(patched->String({"status", "phase"}), "Docked");
}

TEST_F(CustomResourceApiTest, AKindThatIsDefinedAnewWithAnotherScopeIsLookedUpAgain) {
  Define("Namespaced");
  ASSERT_TRUE(client_->Create(Ship("victory"), Soon()).ok());
  Undefine();
  const auto between = client_->Get(kind_, {ns_, "victory"}, Soon());
  Define("Cluster");
  Object free_ship = Ship("victory");
  free_ship.json()["metadata"].erase("namespace");
  // The server may still answer by the old definition for a moment.
  const Until until = Soon();
  auto created = client_->Create(free_ship, until);
  while (!created.ok() && until.Pause(20ms)) created = client_->Create(free_ship, until);

  EXPECT_TRUE(between.Is(Code::kNotFound));
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_EQ(created->ns(), "");
}

}  // namespace
}  // namespace kube
