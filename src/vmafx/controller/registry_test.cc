#include "vmafx/controller/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::controller {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RegistryTest : public ::testing::Test {
 protected:
  Session Register(const std::string& name, const std::string& node, bool pool = false) {
    return *registry_.Register(
        {.name = name, .name_space = "team-a", .vmafx_node = node, .pool = pool});
  }
  static SessionKey KeyOf(const Session& session) { return {session.id, session.token}; }

  base::FakeClock clock_;
  Registry registry_{clock_, std::chrono::seconds(60)};
};

TEST_F(RegistryTest, ShowsEveryWorkerWithASession) {
  const Session first = Register("pod-1", "node-a");
  Register("pod-2", "node-a");
  ASSERT_TRUE(registry_.Beat(KeyOf(first), 3).ok());

  const auto nodes = registry_.Nodes("team-a");

  ASSERT_THAT(nodes, SizeIs(2));
  EXPECT_EQ(nodes[0].worker.name, "pod-1");
  EXPECT_EQ(nodes[0].jobs_running, 3);
  EXPECT_TRUE(nodes[0].live);
  EXPECT_THAT(registry_.Nodes("team-b"), IsEmpty());
  EXPECT_THAT(registry_.Nodes(""), SizeIs(2));
}

TEST_F(RegistryTest, RemembersWhenAVmafxNodeWasSeenLast) {
  const Session worker = Register("pod-1", "node-a");
  Register("pod-2", "");
  clock_.Advance(std::chrono::seconds(30));
  ASSERT_TRUE(registry_.Check(KeyOf(worker)).ok());
  const auto seen = clock_.WallNow();
  clock_.Advance(std::chrono::seconds(61));

  EXPECT_THAT(registry_.Evict(), SizeIs(2));

  const auto nodes = registry_.Nodes("team-a");
  ASSERT_THAT(nodes, SizeIs(1));
  EXPECT_EQ(nodes[0].worker.vmafx_node, "node-a");
  EXPECT_EQ(nodes[0].last_seen_at, seen);
  EXPECT_FALSE(nodes[0].live);
}

TEST_F(RegistryTest, RemembersOnlySoManyNodes) {
  Register("pod", "the-oldest");
  clock_.Advance(std::chrono::seconds(61));
  EXPECT_THAT(registry_.Evict(), SizeIs(1));
  for (size_t i = 0; i < Registry::kMostNodes; ++i) Register("pod", fmt::format("node-{}", i));
  clock_.Advance(std::chrono::seconds(61));
  EXPECT_THAT(registry_.Evict(), SizeIs(Registry::kMostNodes));

  const auto nodes = registry_.Nodes("");

  EXPECT_THAT(nodes, SizeIs(Registry::kMostNodes));
  EXPECT_THAT(nodes,
              ::testing::Not(::testing::Contains(::testing::ResultOf(
                  [](const NodeView& node) { return node.worker.vmafx_node; }, "the-oldest"))));
}

TEST_F(RegistryTest, KeepsASessionForWhoRegisteredIt) {
  const Session session = *registry_.Register({.name = "pod-1", .owner = "account/pod-1"});

  EXPECT_TRUE(registry_.Check({session.id, session.token, "account/pod-1"}).ok());
  EXPECT_TRUE(
      registry_.Check({session.id, session.token, "account/pod-2"}).Is(base::Code::kDenied));
}

TEST_F(RegistryTest, CountsThePoolApart) {
  Register("pod-1", "");
  EXPECT_EQ(registry_.LivePool(), 0U);
  Register("pool-1", "", true);

  EXPECT_EQ(registry_.LivePool(), 1U);
  EXPECT_EQ(registry_.Live(), 2U);
}

TEST_F(RegistryTest, TakesOnlySoManySessions) {
  for (size_t i = 0; i < Registry::kMostSessions; ++i) Register("pod", "");

  EXPECT_TRUE(registry_.Register({.name = "one-more"}).Is(base::Code::kUnavailable));
}

}  // namespace
}  // namespace vmafx::controller
