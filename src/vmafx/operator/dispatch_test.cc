#include "vmafx/operator/dispatch.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

Waiting Job(const std::string& name, int priority, const std::string& created_at,
            const std::string& ns = "video") {
  return {{ns, name}, priority, created_at, "cpu", false};
}

Pool Node(const std::string& name, int capacity, const std::string& vendor = "cpu") {
  return {{"video", name}, vendor, capacity, "image-of-" + name, true};
}

// Names of the jobs that got a slot.
std::vector<std::string> Granted(const std::map<kube::Key, Grant>& grants) {
  std::vector<std::string> names;
  for (const auto& [job, grant] : grants) {
    if (grant.granted) names.push_back(job.name);
  }
  return names;
}

TEST(DispatchTest, ServesTheHighestPriorityThenTheOldestThenByName) {
  const std::vector<Waiting> waiting = {
      Job("late", 0, "2026-01-01T00:00:09Z"), Job("b-old", 0, "2026-01-01T00:00:01Z"),
      Job("a-old", 0, "2026-01-01T00:00:01Z"), Job("urgent", 5, "2026-01-01T00:00:10Z")};

  EXPECT_EQ(Granted(Assign(waiting, {}, {}, 1)), (std::vector<std::string>{"urgent"}));
  EXPECT_EQ(Granted(Assign(waiting, {}, {}, 2)), (std::vector<std::string>{"a-old", "urgent"}));
  EXPECT_EQ(Granted(Assign(waiting, {}, {}, 3)),
            (std::vector<std::string>{"a-old", "b-old", "urgent"}));
}

TEST(DispatchTest, CountsTheWorkersThatRunAgainstTheOperatorsLimit) {
  Load load;
  load.without_node = 2;

  auto grants = Assign({Job("one", 0, "")}, {}, load, 2);

  EXPECT_FALSE(grants[(kube::Key{"video", "one"})].granted);
  EXPECT_EQ(grants[(kube::Key{"video", "one"})].reason, "NoFreeSlot");
  EXPECT_EQ(grants[(kube::Key{"video", "one"})].message,
            "all 2 worker slots of the operator are taken");
}

TEST(DispatchTest, FillsVmafxNodesFromTheEmptiestOnAndTakesTheirImage) {
  Load load;
  load.nodes[{"video", "big"}] = 2;

  auto grants = Assign({Job("one", 0, "1"), Job("two", 0, "2"), Job("three", 0, "3")},
                       {Node("big", 3), Node("small", 2)}, load, 100);

  EXPECT_EQ(grants[(kube::Key{"video", "one"})].slot.node, "small");
  EXPECT_EQ(grants[(kube::Key{"video", "one"})].slot.image, "image-of-small");
  EXPECT_EQ(grants[(kube::Key{"video", "two"})].slot.node, "big");
  EXPECT_EQ(grants[(kube::Key{"video", "three"})].slot.node, "small");
}

TEST(DispatchTest, QueuesWhatItsNamespacesVmafxNodesHaveNoRoomFor) {
  Load load;
  load.nodes[{"video", "small"}] = 1;

  auto grants = Assign({Job("one", 0, "1")}, {Node("small", 1)}, load, 100);

  const Grant& grant = grants[{"video", "one"}];
  EXPECT_FALSE(grant.granted);
  EXPECT_EQ(grant.reason, "NoFreeSlot");
  EXPECT_EQ(grant.message, "all slots of 1 VmafxNode(s) of vendor cpu are taken");
}

TEST(DispatchTest, LeavesOutVmafxNodesThatAreUnhealthyOrOfAnotherVendor) {
  Pool sick = Node("sick", 5);
  sick.healthy = false;

  auto grants = Assign({Job("one", 0, "1")}, {sick, Node("gpu", 5, "nvidia")}, {}, 100);

  const Grant& grant = grants[{"video", "one"}];
  EXPECT_FALSE(grant.granted);
  EXPECT_EQ(grant.reason, "NoMatchingNode");
  EXPECT_EQ(grant.message, "namespace video has VmafxNodes, but no healthy one of vendor cpu");
}

TEST(DispatchTest, AsksForTheDeviceOfTheBackendAlsoWhereTheCpuMayStandIn) {
  Waiting cuda = Job("one", 0, "1");
  cuda.backend = "cuda";
  cuda.falls_back = true;

  EXPECT_EQ(Assign({cuda}, {}, {}, 1)[cuda.job].slot.device, "nvidia.com/gpu");
  const Slot slot = Assign({cuda}, {Node("a", 5), Node("gpu", 1, "nvidia")}, {}, 1)[cuda.job].slot;
  EXPECT_EQ(slot.node, "gpu");
  EXPECT_EQ(slot.device, "nvidia.com/gpu");
  EXPECT_EQ(DeviceOf("hip"), "amd.com/gpu");
  EXPECT_EQ(DeviceOf("sycl"), "gpu.intel.com/i915");
  EXPECT_EQ(DeviceOf("metal"), "");
  EXPECT_EQ(DeviceOf("cpu"), "");
}

TEST(DispatchTest, FallsBackToACpuNodeWhereThereIsNoneOfTheVendor) {
  Waiting cuda = Job("one", 0, "1");
  cuda.backend = "cuda";
  EXPECT_EQ(Assign({cuda}, {Node("a", 5)}, {}, 1)[cuda.job].reason, "NoMatchingNode");

  cuda.falls_back = true;
  const Grant grant = Assign({cuda}, {Node("a", 5)}, {}, 1)[cuda.job];

  EXPECT_TRUE(grant.granted);
  EXPECT_EQ(grant.slot.node, "a");
  EXPECT_EQ(grant.slot.device, "");
}

TEST(DispatchTest, LetsOtherNamespacesUseTheOperatorsLimitBesideVmafxNodes) {
  auto grants =
      Assign({Job("here", 0, "1"), Job("there", 0, "2", "other")}, {Node("small", 1)}, {}, 1);

  EXPECT_EQ(grants[(kube::Key{"video", "here"})].slot.node, "small");
  EXPECT_TRUE(grants[(kube::Key{"other", "there"})].granted);
  EXPECT_EQ(grants[(kube::Key{"other", "there"})].slot.node, "");
}

TEST(DispatchTest, ReadsAVmafxNodeAndTakesOneThatWasNeverProbedForHealthy) {
  const auto read = [](const char* text) {
    return ReadPool(kube::Object(kube::Json::parse(text)));
  };

  const Pool fresh = read(R"({"metadata": {"name": "a", "namespace": "video"},
                              "spec": {"gpuVendor": "cpu"}})");
  EXPECT_EQ(fresh.capacity, 1);
  EXPECT_TRUE(fresh.healthy);
  const Pool sick = read(R"({"metadata": {"name": "b", "namespace": "video"},
      "spec": {"gpuVendor": "nvidia", "capacity": 4, "image": "x"}, "status": {"healthy": false}})");
  EXPECT_EQ(sick.vendor, "nvidia");
  EXPECT_EQ(sick.capacity, 4);
  EXPECT_EQ(sick.image, "x");
  EXPECT_FALSE(sick.healthy);
}

TEST(ReservationsTest, KeepASlotFromOthersUntilItIsReleased) {
  Reservations reservations;
  const kube::Key one{"video", "one"}, two{"video", "two"};
  const auto if_none = [](const std::map<kube::Key, Slot>& reserved) {
    return Grant{reserved.empty(), {}, "", ""};
  };

  EXPECT_TRUE(reservations.Reserve(one, if_none).granted);
  EXPECT_FALSE(reservations.Reserve(two, if_none).granted);
  reservations.Release(one);
  EXPECT_TRUE(reservations.Reserve(two, if_none).granted);
}

}  // namespace
}  // namespace vmafx::operators
