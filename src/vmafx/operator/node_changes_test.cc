#include "vmafx/operator/node_changes.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using kube::ChangeType;
using kube::Json;

class NodeChangesTest : public ::testing::Test {
 protected:
  bool Matters(const Json& patch, ChangeType type = ChangeType::kModified) {
    node_.merge_patch(patch);
    return changes_.Matters({type, std::make_shared<const kube::Object>(node_)});
  }

  Json node_ = Json::parse(R"({"metadata": {"name": "n", "namespace": "films", "uid": "u"},
      "spec": {"gpuVendor": "cpu", "capacity": 1}, "status": {"healthy": true}})");
  NodeChanges changes_;
};

TEST_F(NodeChangesTest, AHeartbeatConcernsNobody) {
  EXPECT_TRUE(Matters({}, ChangeType::kAdded));
  EXPECT_FALSE(Matters({{"status", {{"lastHeartbeat", "2026-01-01T10:00:05Z"}}},
                        {"metadata", {{"resourceVersion", "7"}}}}));
  EXPECT_FALSE(Matters({{"status", {{"assignedJobs", 1}}}}));
  EXPECT_FALSE(Matters({}, ChangeType::kAdded)) << "a relist";
}

TEST_F(NodeChangesTest, WhatDispatchLooksAtConcernsJobs) {
  Matters({}, ChangeType::kAdded);

  EXPECT_TRUE(Matters({{"spec", {{"capacity", 2}}}}));
  EXPECT_TRUE(Matters({{"status", {{"healthy", false}}}}));
  EXPECT_TRUE(Matters({{"metadata", {{"labels", {{"zone", "a"}}}}}}));
  EXPECT_TRUE(Matters({{"metadata", {{"uid", "another"}}}}));
  EXPECT_TRUE(Matters({}, ChangeType::kDeleted));
  EXPECT_TRUE(Matters({}, ChangeType::kAdded));
}

}  // namespace
}  // namespace vmafx::operators
