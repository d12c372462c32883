#include "vmafx/operator/node_registry.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The one call of the controller that this needs.
class FakeController final : public ControllerClient {
 public:
  struct State {
    int asked = 0;
    bool away = false;
    std::vector<rpc::Node> nodes;
  };
  base::Guarded<State> state;

  base::Result<rpc::ListNodesResponse> ListNodes(const std::string& ns,
                                                 const base::Until&) override {
    EXPECT_EQ(ns, "") << "one call for all";
    return state.With([](State& now) -> base::Result<rpc::ListNodesResponse> {
      ++now.asked;
      if (now.away) return base::Error(base::Code::kUnavailable, "nobody there");
      rpc::ListNodesResponse response;
      for (const rpc::Node& node : now.nodes) *response.add_nodes() = node;
      return response;
    });
  }

  base::Result<std::string> Submit(const rpc::SubmitJobRequest&, const base::Until&) override {
    return No();
  }
  base::Result<rpc::Job> Get(const std::string&, const base::Until&) override { return No(); }
  base::Result<> Cancel(const std::string&, const base::Until&) override { return No(); }
  base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest&, const base::Until&) override {
    return No();
  }
  base::Error Follow(const std::function<void(const rpc::Job&)>&, const base::Until&) override {
    return No();
  }

 private:
  static base::Error No() { return {base::Code::kInternal, "not called here"}; }
};

rpc::Node Worker(const std::string& node, int64_t seen_ms, const std::string& device = "") {
  rpc::Node worker;
  worker.set_namespace_("films");
  worker.set_vmafx_node(node);
  worker.set_last_seen_ms(seen_ms);
  worker.set_device(device);
  return worker;
}

class NodeRegistryTest : public ::testing::Test {
 protected:
  NodeRegistryTest() { registry_.Start(); }
  ~NodeRegistryTest() override { registry_.Stop(); }

  void AwaitNews(const std::string& node, int times) {
    auto waited = news_.Await(base::Until::After(clock_, seconds(60)), [&](const auto& news) {
      auto found = news.find(node);
      return found != news.end() && found->second >= times;
    });
    EXPECT_TRUE(waited.ok()) << "no news " << times << " of " << node;
  }
  void AwaitAsked(int times) {
    auto waited = controller_.state.Await(base::Until::After(clock_, seconds(60)),
                                          [&](const auto& state) { return state.asked >= times; });
    EXPECT_TRUE(waited.ok()) << "not asked " << times << " times";
  }
  static base::WallTime Ms(int64_t ms) { return base::WallTime(milliseconds(ms)); }

  base::SystemClock clock_;
  FakeController controller_;
  base::Guarded<std::map<std::string, int>> news_;
  NodeRegistry registry_{
      controller_, milliseconds(5), clock_, base::Log::Nowhere(),
      [this](const kube::Key& node) { news_.With([&](auto& news) { ++news[node.name]; }); }};
};

TEST_F(NodeRegistryTest, AsksForAllAtOnceAndKeepsTheLatestWordOfEach) {
  controller_.state.With([](FakeController::State& state) {
    state.nodes = {Worker("a", 5000, "old"), Worker("a", 7000, "new"), Worker("a", 6000, "older"),
                   Worker("b", 1000),        Worker("", 9000),         Worker("c", 0)};
  });

  registry_.Follow({"films", "a"});
  registry_.Follow({"films", "b"});
  registry_.Follow({"films", "c"});
  AwaitNews("a", 1);
  AwaitNews("b", 1);
  AwaitNews("c", 1);

  const Registered a = registry_.Follow({"films", "a"});
  EXPECT_EQ(a.last_seen, Ms(7000));
  EXPECT_EQ(a.device, "new");
  EXPECT_TRUE(a.listening_since.has_value());
  EXPECT_EQ(registry_.Follow({"films", "b"}).last_seen, Ms(1000));
  EXPECT_EQ(registry_.Follow({"films", "c"}).last_seen, std::nullopt);
}

TEST_F(NodeRegistryTest, AsksNobodyWhenNobodyWantsToKnow) {
  registry_.Follow({"films", "a"});
  AwaitAsked(3);
  registry_.Forget({"films", "a"});
  // The question that may be under way is the last.
  const int asked = controller_.state.Read([](const auto& state) { return state.asked; });
  registry_.Stop();

  EXPECT_LE(controller_.state.Read([](const auto& state) { return state.asked; }), asked + 1);
}

TEST_F(NodeRegistryTest, TellsWhenAWorkerWasHeardAgainAndNotOtherwise) {
  registry_.Follow({"films", "a"});
  registry_.Follow({"films", "b"});
  AwaitNews("a", 1);
  AwaitNews("b", 1);

  controller_.state.With([](auto& state) { state.nodes = {Worker("a", 5000)}; });
  AwaitNews("a", 2);

  const int asked = controller_.state.Read([](const auto& state) { return state.asked; });
  AwaitAsked(asked + 5);
  EXPECT_EQ(news_.Read([](const auto& news) { return news.at("a"); }), 2);
  EXPECT_EQ(news_.Read([](const auto& news) { return news.at("b"); }), 1);
}

TEST_F(NodeRegistryTest, SilenceCountsOnlyWhileTheControllerAnswers) {
  controller_.state.With([](auto& state) { state.nodes = {Worker("a", 5000)}; });
  registry_.Follow({"films", "a"});
  AwaitNews("a", 1);
  const auto first = registry_.Follow({"films", "a"}).listening_since;

  controller_.state.With([](auto& state) { state.away = true; });
  AwaitNews("a", 2);
  const Registered away = registry_.Follow({"films", "a"});
  EXPECT_EQ(away.listening_since, std::nullopt);
  EXPECT_EQ(away.last_seen, Ms(5000)) << "what was known stays";

  controller_.state.With([](auto& state) { state.away = false; });
  AwaitNews("a", 3);
  EXPECT_GT(registry_.Follow({"films", "a"}).listening_since, first);
}

TEST_F(NodeRegistryTest, ANodeThatCameLaterIsAskedForAtOnce) {
  registry_.Follow({"films", "a"});
  AwaitNews("a", 1);
  controller_.state.With([](auto& state) { state.nodes = {Worker("late", 8000)}; });

  registry_.Follow({"films", "late"});
  AwaitNews("late", 1);

  EXPECT_EQ(registry_.Follow({"films", "late"}).last_seen, Ms(8000));
}

}  // namespace
}  // namespace vmafx::operators
