#include <atomic>
#include <latch>

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
using ::testing::HasSubstr;
using testing::SharedApiServer;
using testing::TestNamespace;

const Kind kConfigMap{"", "v1", "ConfigMap"};

Object ConfigMap(const std::string& ns, const std::string& name, const std::string& value) {
  return Object(Json{{"apiVersion", "v1"},
                     {"kind", "ConfigMap"},
                     {"metadata", {{"name", name}, {"namespace", ns}}},
                     {"data", {{"key", value}}}});
}

class ClientApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 30s); }

  base::SystemClock clock_;
  std::unique_ptr<Client> client_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  TestNamespace namespace_{*client_};
  const std::string ns_ = namespace_.name();
};

TEST_F(ClientApiTest, CreatesReadsUpdatesPatchesAndDeletes) {
  const Key key{ns_, "web"};

  const auto created = client_->Create(ConfigMap(ns_, "web", "1"), Soon());
  ASSERT_TRUE(created.ok()) << created.error().message();
  EXPECT_FALSE(created->uid().empty());

  Object changed = *created;
  changed.json()["data"]["key"] = "2";
  const auto updated = client_->Update(changed, Soon());
  ASSERT_TRUE(updated.ok()) << updated.error().message();

  const auto patched = client_->MergePatch(
      kConfigMap, key, {{"data", {{"key", nullptr}, {"other", "3"}}}}, "", Soon());
  ASSERT_TRUE(patched.ok()) << patched.error().message();

  const auto read = client_->Get(kConfigMap, key, Soon());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read->Find({"data"}), Json({{"other", "3"}}));

  EXPECT_TRUE(client_->Delete(kConfigMap, key, {}, Soon()).ok());
  EXPECT_TRUE(client_->Get(kConfigMap, key, Soon()).Is(Code::kNotFound));
}

}  // namespace
}  // namespace kube
