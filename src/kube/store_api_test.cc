#include <algorithm>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/store.h"
#include "kube/testing/api_server.h"

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Until;
using ::testing::Contains;
using ::testing::ElementsAre;
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

class StoreApiTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }

  std::string Write(const std::string& name, const std::string& value) {
    const auto written = client_->Apply(ConfigMap(ns_, name, value), "test", "", Soon());
    if (!written.ok()) ADD_FAILURE() << written.error().message();
    return written.ok() ? written->resource_version() : "";
  }

  bool Waits(Store& store, const std::string& name, const std::string& value) {
    const auto waited = store.WaitFor(
        [&](const Store::Snapshot& now) {
          const auto found = now.objects.find(Key{ns_, name});
          const std::string is =
              found == now.objects.end() ? "absent" : found->second->String({"data", "key"});
          return is == value;
        },
        Soon());
    if (!waited.ok()) ADD_FAILURE() << waited.error().message();
    return waited.ok();
  }

  std::unique_ptr<Store> Open() {
    auto store = std::make_unique<Store>(*client_, StoreOptions{.kind = kConfigMap, .ns = ns_},
                                         clock_, base::Log(sink_, base::Level::kDebug));
    const auto synced = store->WaitSynced(Soon());
    if (!synced.ok()) ADD_FAILURE() << synced.error().message();
    return store;
  }

  base::SystemClock clock_;
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  std::unique_ptr<Client> client_ = MakeClient(SharedApiServer().Admin(), base::Log::Nowhere());
  TestNamespace namespace_{*client_};
  const std::string ns_ = namespace_.name();
};

TEST_F(StoreApiTest, FollowsCreationsChangesAndDeletions) {
  Write("old", "1");
  const auto store = Open();
  EXPECT_NE(store->Find({ns_, "old"}), nullptr);

  Write("new", "1");
  EXPECT_TRUE(Waits(*store, "new", "1"));
  Write("new", "2");
  EXPECT_TRUE(Waits(*store, "new", "2"));
  ASSERT_TRUE(client_->Delete(kConfigMap, {ns_, "old"}, {}, Soon()).ok());
  EXPECT_TRUE(Waits(*store, "old", "absent"));

  EXPECT_EQ(store->List(ns_).size(), 1u);
}

TEST_F(StoreApiTest, IsAsNewAsAWriteAfterWaitingForItsVersionSoonAfterIt) {
  const auto store = Open();
  std::vector<base::Duration> delays;

  for (int i = 0; i < 50; ++i) {
    const std::string version = Write("web", fmt::format("{}", i));
    const base::Instant written = clock_.Now();
    ASSERT_TRUE(store->WaitForVersion(version, Soon()).ok());
    delays.push_back(clock_.Now() - written);
    ASSERT_EQ(store->Find({ns_, "web"})->String({"data", "key"}), fmt::format("{}", i));
  }

  std::nth_element(delays.begin(), delays.begin() + 25, delays.end());
  const auto median = std::chrono::duration_cast<std::chrono::microseconds>(delays[25]);
  RecordProperty("median_microseconds", static_cast<int>(median.count()));
  EXPECT_LT(median, 100ms);  // about 1 ms on a machine that is not busy
}

TEST_F(StoreApiTest, TellsAListenerWhatIsThereThenEachChangeAndNothingAfterItLeft) {
  Write("old", "1");
  const auto store = Open();
  base::Guarded<std::vector<std::string>> told;
  const auto listener = [&](const Change& change) {
    told.With([&](auto& all) {
      all.push_back(fmt::format("{} {}", static_cast<int>(change.type), change.object->name()));
    });
  };

  {
    const Store::Subscription subscription = store->Subscribe(listener);
    Write("new", "1");
    Write("new", "2");
    ASSERT_TRUE(client_->Delete(kConfigMap, {ns_, "old"}, {}, Soon()).ok());
    ASSERT_TRUE(told.Await(Soon(), [](const auto& all) { return all.size() == 4; }).ok());
  }
  ASSERT_TRUE(store->WaitForVersion(Write("new", "3"), Soon()).ok());

  EXPECT_THAT(told.Read([](const auto& all) { return all; }),
              ElementsAre("0 old", "0 new", "1 new", "2 old"));
}

TEST_F(StoreApiTest, GoesOnThroughARestartOfTheApiServer) {
  const auto store = Open();
  Write("web", "before");
  ASSERT_TRUE(Waits(*store, "web", "before"));

  const auto restarted = SharedApiServer().Restart(Soon());
  ASSERT_TRUE(restarted.ok()) << restarted.error().message();
  Write("web", "after");

  EXPECT_TRUE(Waits(*store, "web", "after"));
  EXPECT_EQ(store->Get().last_error, "");
}

TEST_F(StoreApiTest, SaysWhyItMayBeStaleWhileTheApiServerIsDeadAndRecovers) {
  const auto store = Open();
  Write("web", "before");
  ASSERT_TRUE(Waits(*store, "web", "before"));

  SharedApiServer().Kill();
  const auto noticed = store->WaitFor(
      [](const Store::Snapshot& now) {
        return now.last_error.find("connection refused") != std::string::npos;
      },
      Soon());
  const auto waited =
      store->WaitFor([](const Store::Snapshot&) { return false; }, Until::After(clock_, 10ms));
  EXPECT_TRUE(noticed.ok());
  ASSERT_TRUE(waited.Is(Code::kTimeout));
  EXPECT_THAT(waited.error().message(), HasSubstr("connection refused"));
  EXPECT_EQ(store->Find({ns_, "web"})->String({"data", "key"}), "before");

  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());
  Write("web", "after");
  EXPECT_TRUE(Waits(*store, "web", "after"));
  EXPECT_EQ(store->Get().last_error, "");
}

TEST_F(StoreApiTest, ListsAgainAndTellsTheDifferencesWhenItsVersionIsGone) {
  Write("lost", "1");
  const auto store = Open();
  base::Guarded<std::vector<std::string>> deleted;
  const auto subscription = store->Subscribe([&](const Change& change) {
    if (change.type != ChangeType::kDeleted) return;
    deleted.With([&](auto& all) { all.push_back(change.object->String({"data", "key"})); });
  });

  SharedApiServer().Kill();
  ASSERT_TRUE(
      SharedApiServer().RemoveFromEtcd("/registry/configmaps/" + ns_ + "/lost", Soon()).ok());
  ASSERT_TRUE(SharedApiServer().CompactEtcd(Soon()).ok());
  ASSERT_TRUE(SharedApiServer().Resume(Soon()).ok());

  EXPECT_TRUE(Waits(*store, "lost", "absent"));
  EXPECT_TRUE(deleted.Await(Soon(), [](const auto& all) { return !all.empty(); }).ok());
  EXPECT_THAT(deleted.Read([](const auto& all) { return all; }), ElementsAre("1"));
  EXPECT_THAT(sink_->lines(), Contains(HasSubstr("the watch is too old, listing again")));
}

TEST_F(StoreApiTest, WithoutTheRightItNeverSyncsAndTheWaitSaysWhy) {
  const auto nobody = MakeClient(*SharedApiServer().As("nobody"), base::Log::Nowhere());
  Store store(*nobody, {.kind = kConfigMap, .ns = ns_}, clock_, base::Log::Nowhere());
  ASSERT_TRUE(
      store.WaitFor([](const Store::Snapshot& now) { return !now.last_error.empty(); }, Soon())
          .ok());

  const auto synced = store.WaitSynced(Until::After(clock_, 10ms));

  ASSERT_TRUE(synced.Is(Code::kTimeout));
  EXPECT_THAT(synced.error().message(), HasSubstr("User \"nobody\" cannot list resource"));
}

TEST_F(StoreApiTest, HoldsThousandsOfObjectsAndListsByNamespaceAndLabel) {
  constexpr int kObjects = 2000;
  const auto store = Open();
  base::Crew crew;
  for (int thread = 0; thread < 4; ++thread) {
    crew.Start("writer", [&, thread](const std::stop_token&) {
      for (int i = thread; i < kObjects; i += 4) {
        Object object = ConfigMap(ns_, fmt::format("cm-{}", i), "1");
        object.json()["metadata"]["labels"]["odd"] = i % 2 == 1 ? "yes" : "no";
        if (!client_->Create(object, Soon()).ok()) ADD_FAILURE() << i;
      }
    });
  }
  crew.StopAndJoin();

  ASSERT_TRUE(
      store
          ->WaitFor([](const Store::Snapshot& now) { return now.objects.size() == kObjects; },
                    Soon())
          .ok());
  EXPECT_EQ(store->List(ns_, {{"odd", "yes"}}).size(), size_t{kObjects / 2});
  EXPECT_EQ(store->List("another").size(), 0u);
  EXPECT_EQ(Open()->Get().objects.size(), size_t{kObjects});
}

}  // namespace
}  // namespace kube
