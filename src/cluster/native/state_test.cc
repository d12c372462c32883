#include "cluster/native/state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"

namespace cluster::native {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

class StateTest : public testing::Test {
 protected:
  sys::TempDir temp_ = *sys::TempDir::Make();
  StateDir state_{temp_.path() / "state"};
};

TEST_F(StateTest, GivesALockToOneOnly) {
  sys::Fd lock = *state_.Lock("ci");

  EXPECT_TRUE(state_.Lock("ci").Is(base::Code::kExists));
  EXPECT_TRUE(state_.Locked("ci"));
  EXPECT_TRUE(state_.Lock("other").ok());

  lock.Reset();
  EXPECT_FALSE(state_.Locked("ci"));
  EXPECT_TRUE(state_.Lock("ci").ok());
}

TEST_F(StateTest, LeavesNothingWhenTheLastClusterIsForgotten) {
  sys::Fd one = *state_.Lock("one");
  sys::Fd two = *state_.Lock("two");

  state_.Forget("one", std::move(one));
  EXPECT_THAT(state_.Names(), ElementsAre("two"));
  state_.Forget("two", std::move(two));

  EXPECT_FALSE(fs::exists(state_.path()));
  EXPECT_TRUE(state_.Names().empty());
}

TEST_F(StateTest, KeepsCgroupsOfTwoStateFoldersApart) {
  EXPECT_NE(state_.Cgroup("ci"), StateDir("/var/lib/seatrial").Cgroup("ci"));
  EXPECT_EQ(state_.Cgroup("ci").rfind("seatrial-ci-", 0), 0u);
}

TEST_F(StateTest, ReadsBackTheDescriptionOfACluster) {
  const Layout layout = state_.Of("ci");
  ASSERT_TRUE(sys::MakeDirs(layout.folder, 0700).ok());
  Cluster cluster;
  cluster.name = "ci";
  cluster.level = Level::kDns;
  cluster.kubernetes_bin = "/opt/kube";
  cluster.node_name = "ci-node";
  cluster.api_port = 6443;
  cluster.init_pid = 42;
  cluster.kubernetes_version = "v1.37.2";
  cluster.start_table = {{"etcd", milliseconds(10), milliseconds(60)},
                         {"images", milliseconds(70), std::nullopt}};

  ASSERT_TRUE(WriteRecord(layout, cluster).ok());
  const auto read = ReadRecord(layout);

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->name, "ci");
  EXPECT_EQ(read->level, Level::kDns);
  EXPECT_EQ(read->init_pid, 42);
  EXPECT_EQ(read->kubeconfig, layout.folder / "kubeconfig");
  ASSERT_EQ(read->start_table.size(), 2u);
  EXPECT_EQ(read->start_table[0].ready, milliseconds(60));
  EXPECT_FALSE(read->start_table[1].ready.has_value());
}

TEST_F(StateTest, SaysWhatIsWrongWithADescription) {
  const Layout layout = state_.Of("ci");
  EXPECT_TRUE(ReadRecord(layout).Is(base::Code::kNotFound));
  ASSERT_TRUE(WriteNew(layout.Record(), "{").ok());
  EXPECT_TRUE(ReadRecord(layout).Is(base::Code::kInvalid));
  EXPECT_TRUE(ParseRecord(R"({"level": "most"})", layout).Is(base::Code::kInvalid));
}

TEST_F(StateTest, ADescriptionWithFieldsOfOtherTypesStillNamesTheCluster) {
  const auto read = ParseRecord(
      R"({"name": "ci", "level": 7, "initPid": "42", "apiPort": -1, "kubernetesBin": null,
          "startTable": [7, {"component": [], "startedNs": "x", "readyNs": {}}, {"readyNs": 5}]})",
      state_.Of("ci"));

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->name, "ci");
  EXPECT_EQ(read->init_pid, 0);
  EXPECT_EQ(read->api_port, 0);
  ASSERT_EQ(read->start_table.size(), 3u);
  EXPECT_EQ(read->start_table[2].ready, std::chrono::nanoseconds(5));
}

TEST_F(StateTest, ShowsTheLastLinesOfALogAndNothingOfAnEmptyOne) {
  const fs::path log = temp_.path() / "etcd.log";
  EXPECT_EQ(LogTail(log), "");
  ASSERT_TRUE(WriteNew(log, "1\n2\n3\n4\n5\n6\n7\n").ok());
  EXPECT_THAT(LogTail(log), HasSubstr("etcd.log ends with: 3 | 4 | 5 | 6 | 7)"));
}

}  // namespace
}  // namespace cluster::native
