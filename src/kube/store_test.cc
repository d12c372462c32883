#include "kube/store.h"

#include <algorithm>
#include <deque>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kube {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ObjectPtr Make(const std::string& name, const std::string& uid, const std::string& version) {
  return std::make_shared<const Object>(
      Json{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", {{"name", name}, {"uid", uid}, {"resourceVersion", version}}}});
}

using OnChange = std::function<bool(const Change&)>;
using WatchStep = std::function<Result<>(const OnChange&)>;

// Answers LIST and WATCH from a script; a watch beyond its end stays quiet until stopped.
class ScriptedClient final : public Client {
 public:
  std::deque<Result<ObjectList>> lists;
  std::deque<WatchStep> watches;
  std::optional<base::Error> refusal;  // of the quiet watch, until it is let in
  base::Guarded<bool> let_in{false};
  base::Guarded<std::vector<std::string>> calls;
  std::function<void()> on_list;

  Result<ObjectList> List(const Kind&, const ListOptions&, const Until&) override {
    calls.With([](auto& all) { all.emplace_back("list"); });
    if (on_list) on_list();
    if (lists.empty()) return Fail(Code::kUnavailable, "nobody there");
    Result<ObjectList> next = std::move(lists.front());
    lists.pop_front();
    return next;
  }
  Result<> Watch(const Kind&, const WatchOptions& options, const OnChange& on_change,
                 const Until& until) override {
    calls.With([&](auto& all) { all.push_back("watch " + options.resource_version); });
    if (!watches.empty()) {
      const WatchStep next = std::move(watches.front());
      watches.pop_front();
      return next(on_change);
    }
    if (refusal) {
      options.on_refused(*refusal);
      TRY(let_in.Await(until, [](bool now) { return now; }));
    }
    if (options.on_open) options.on_open();
    base::Guarded<int> never(0);
    return never.Await(until, [](int) { return false; });
  }

  Result<Object> Get(const Kind&, const Key&, const Until&) override { return Unused(); }
  Result<Object> Create(const Object&, const Until&) override { return Unused(); }
  Result<Object> Update(const Object&, const Until&) override { return Unused(); }
  Result<Object> UpdateStatus(const Object&, const Until&) override { return Unused(); }
  Result<Object> MergePatch(const Kind&, const Key&, const Json&, const std::string&,
                            const Until&) override {
    return Unused();
  }
  Result<Object> Apply(const Object&, const std::string&, const std::string&,
                       const Until&) override {
    return Unused();
  }
  Result<> Delete(const Kind&, const Key&, const DeleteOptions&, const Until&) override {
    return Unused();
  }
  Result<Resource> Discover(const Kind&, const Until&) override { return Unused(); }
  Result<std::string> Raw(const std::string&, const std::string&, const std::string&,
                          const Until&) override {
    return Unused();
  }
  const ClusterAccess& access() const override { return access_; }

 private:
  static base::Error Unused() { return Fail(Code::kInternal, "a store needs only list and watch"); }
  ClusterAccess access_;
};

class StoreTest : public ::testing::Test {
 protected:
  Until Soon() { return Until::After(clock_, 60s); }
  std::unique_ptr<Store> Open() {
    return std::make_unique<Store>(client_, StoreOptions{.kind = {"", "v1", "Pod"}}, clock_,
                                   base::Log::Nowhere());
  }
  void AwaitCalls(const std::vector<std::string>& expected) {
    const auto came =
        client_.calls.Await(Soon(), [&](const auto& all) { return all.size() >= expected.size(); });
    EXPECT_TRUE(came.ok());
    EXPECT_EQ(client_.calls.Read([](const auto& all) { return all; }), expected);
  }

  base::SystemClock clock_;
  ScriptedClient client_;
};

TEST_F(StoreTest, AfterARelistItTellsTheDifferences) {
  client_.lists.push_back(ObjectList{{Make("changed", "u1", "1"), Make("another", "u2", "2"),
                                      Make("lost", "u3", "3"), Make("same", "u4", "4")},
                                     "4"});
  client_.lists.push_back(ObjectList{{Make("changed", "u1", "5"), Make("another", "u9", "6"),
                                      Make("new", "u5", "7"), Make("same", "u4", "4")},
                                     "8"});
  base::Guarded<bool> go(false);
  client_.watches.push_back([&](const OnChange&) -> Result<> {
    EXPECT_TRUE(go.Await(Soon(), [](bool now) { return now; }).ok());
    return Fail(Code::kGone, "too old resource version");
  });
  const auto store = Open();
  ASSERT_TRUE(store->WaitSynced(Soon()).ok());
  base::Guarded<std::vector<std::string>> told;
  const auto subscription = store->Subscribe([&](const Change& change) {
    told.With([&](auto& all) {
      all.push_back(fmt::format("{} {} {}", static_cast<int>(change.type), change.object->name(),
                                change.object->uid()));
    });
  });
  told.With([](auto& all) { all.clear(); });

  go.With([](bool& now) { now = true; });
  ASSERT_TRUE(store->WaitForVersion("8", Soon()).ok());

  AwaitCalls({"list", "watch 4", "list", "watch 8"});
  EXPECT_THAT(told.Read([](const auto& all) { return all; }),
              ElementsAre("2 lost u3", "2 another u2", "0 another u9", "1 changed u1", "0 new u5"));
}

TEST_F(StoreTest, ABrokenWatchGoesOnFromTheLastVersionWithoutListing) {
  client_.lists.push_back(ObjectList{{}, "4"});
  client_.watches.push_back([&](const OnChange& on_change) -> Result<> {
    on_change({ChangeType::kAdded, Make("a", "u1", "7")});
    on_change({ChangeType::kBookmark, Make("", "", "9")});
    return Fail(Code::kUnavailable, "the connection broke");
  });
  const auto store = Open();

  ASSERT_TRUE(store->WaitForVersion("9", Soon()).ok());

  AwaitCalls({"list", "watch 4", "watch 9"});
  EXPECT_EQ(store->List().size(), 1u);  // the bookmark is no object
  EXPECT_TRUE(
      store->WaitFor([](const Store::Snapshot& now) { return now.last_error.empty(); }, Soon())
          .ok());
}

TEST_F(StoreTest, SubscribersAreToldWhenTheCopyMayBeStaleAndWhenItIsRightAgain) {
  base::Guarded<bool> go(false);
  client_.lists.push_back(ObjectList{{}, "4"});
  client_.watches.push_back([&](const OnChange&) -> Result<> {
    EXPECT_TRUE(go.Await(Soon(), [](bool now) { return now; }).ok());
    return Fail(Code::kDenied, "no right to watch");
  });
  const auto store = Open();
  ASSERT_TRUE(store->WaitSynced(Soon()).ok());
  base::Guarded<std::vector<Store::Health>> told;
  const auto subscription = store->Subscribe([](const Change&) {},
                                             [&] {
                                               const Store::Health health = store->health();
                                               told.With([&](auto& all) { all.push_back(health); });
                                             });
  EXPECT_TRUE(store->health().current());

  go.With([](bool& now) { now = true; });

  ASSERT_TRUE(told.Await(Soon(), [](const auto& all) { return !all.empty(); }).ok());
  const Store::Health stale = told.Read([](const auto& all) { return all.front(); });
  EXPECT_TRUE(stale.synced);
  EXPECT_FALSE(stale.current());
  EXPECT_EQ(stale.last_code, Code::kDenied);
  EXPECT_EQ(stale.last_error, "no right to watch");
}

TEST_F(StoreTest, WhileItsWatchIsRefusedTheCopyMayBeStale) {
  client_.lists.push_back(ObjectList{{}, "4"});
  client_.refusal = base::Error(Code::kUnavailable, "too many requests");
  const auto store = Open();

  const auto stale = store->WaitFor(
      [](const Store::Snapshot& now) { return now.last_error == "too many requests"; }, Soon());
  client_.let_in.With([](bool& now) { now = true; });
  const auto mended =
      store->WaitFor([](const Store::Snapshot& now) { return now.last_error.empty(); }, Soon());

  EXPECT_TRUE(stale.ok());
  EXPECT_TRUE(mended.ok());
  AwaitCalls({"list", "watch 4"});
}

TEST_F(StoreTest, TypesFollowTheCopyNotTheServersWord) {
  client_.lists.push_back(ObjectList{{Make("a", "u1", "1")}, "1"});
  base::Guarded<std::vector<int>> told;
  base::Guarded<bool> go(false);
  client_.watches.push_back([&](const OnChange& on_change) -> Result<> {
    EXPECT_TRUE(go.Await(Soon(), [](bool now) { return now; }).ok());
    on_change({ChangeType::kAdded, Make("a", "u1", "2")});     // it was listed already
    on_change({ChangeType::kModified, Make("b", "u2", "3")});  // it came into the selection
    return base::Ok();
  });
  const auto store = Open();
  ASSERT_TRUE(store->WaitSynced(Soon()).ok());
  const auto subscription = store->Subscribe([&](const Change& change) {
    told.With([&](auto& all) { all.push_back(static_cast<int>(change.type)); });
  });

  go.With([](bool& now) { now = true; });

  EXPECT_TRUE(told.Await(Soon(), [](const auto& all) { return all.size() == 3; }).ok());
  EXPECT_THAT(told.Read([](const auto& all) { return all; }), ElementsAre(0, 1, 0));
}

TEST_F(StoreTest, AWaitThatEndsSaysWhyTheCopyMayBeStale) {
  const auto store = Open();
  ASSERT_TRUE(
      store->WaitFor([](const Store::Snapshot& now) { return !now.last_error.empty(); }, Soon())
          .ok());

  const auto synced = store->WaitSynced(Until::After(clock_, 1ms));

  ASSERT_TRUE(synced.Is(Code::kTimeout));
  EXPECT_EQ(synced.error().message(),
            "waiting for the first list of Pod: the deadline passed while waiting; the last try "
            "failed: nobody there");
  EXPECT_TRUE(store->WaitForVersion("abc", Soon()).Is(Code::kInvalid));
}

TEST_F(StoreTest, ASubscriptionMayOutliveItsStore) {
  client_.lists.push_back(ObjectList{{}, "1"});
  auto store = Open();
  ASSERT_TRUE(store->WaitSynced(Soon()).ok());

  const auto subscription = store->Subscribe([](const Change&) {});
  store.reset();  // the subscription ends after it
}

TEST(StoreBackOffTest, PausesDoubleFromFiftyMillisecondsToFiveSeconds) {
  base::FakeClock clock;
  ScriptedClient client;
  base::Guarded<std::vector<base::Instant>> tries;
  client.on_list = [&] { tries.With([&](auto& all) { all.push_back(clock.Now()); }); };
  const auto sink = std::make_shared<base::MemorySink>();
  Store store(client, {.kind = {"", "v1", "Pod"}}, clock, base::Log(sink, base::Level::kDebug));

  while (tries.Read([](const auto& all) { return all.size(); }) < 10) clock.Advance(1ms);

  const std::vector<base::Instant> at = tries.Read([](const auto& all) { return all; });
  base::Duration pause = 50ms;
  for (size_t i = 1; i < 10; ++i) {
    EXPECT_GE(at[i] - at[i - 1], pause) << i;
    pause = std::min<base::Duration>(pause * 2, 5s);
  }
  EXPECT_THAT(sink->lines(), ElementsAre(HasSubstr("trying again")));  // once, not ten times
}

}  // namespace
}  // namespace kube
