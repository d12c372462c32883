#include "cluster/native/cgroups.h"

#include <gtest/gtest.h>

#include "sys/files.h"

namespace cluster::native {
namespace {

TEST(CgroupsTest, FindsEachHierarchyOnceWhateverItsVersion) {
  const auto found = Hierarchies(
      sys::ParseMounts("1 0 0:1 / / rw - ext4 /dev/vda rw\n"
                       "2 1 0:2 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                       "3 1 0:2 / /elsewhere/cpuset rw - cgroup cgroup rw,cpuset\n"
                       "4 1 0:3 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
                       "5 1 0:4 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"));

  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].root, "/sys/fs/cgroup/cpuset");
  EXPECT_TRUE(found[0].cpuset);
  EXPECT_FALSE(found[1].cpuset);
  EXPECT_FALSE(found[1].version2);
  EXPECT_TRUE(found[2].version2);
}

TEST(CgroupsTest, RemovesATreeOfEmptyGroupsAndAcceptsThatThereIsNone) {
  base::SystemClock clock;
  const sys::TempDir root = *sys::TempDir::Make();
  ASSERT_TRUE(sys::MakeDirs(root.path() / "ci" / "kubepods" / "besteffort").ok());
  const base::Until until = base::Until::After(clock, std::chrono::seconds(5));

  EXPECT_TRUE(RemoveCgroups({{root.path()}}, "ci", until).ok());
  EXPECT_FALSE(std::filesystem::exists(root.path() / "ci"));
  EXPECT_TRUE(RemoveCgroups({{root.path()}}, "ci", until).ok());
}

TEST(CgroupsTest, CopiesTheCpusThatAVersion1CpusetNeeds) {
  const sys::TempDir root = *sys::TempDir::Make();
  ASSERT_TRUE(sys::MakeDirs(root.path() / "ci").ok());
  for (const std::string file : {"cpuset.cpus", "cpuset.mems"}) {
    ASSERT_TRUE(sys::WriteFileAtomically(root.path() / file, "0-1\n").ok());
    ASSERT_TRUE(sys::WriteFileAtomically(root.path() / "ci" / file, "").ok());
  }

  ASSERT_TRUE(MakeCgroups({{root.path(), false, true}}, "ci").ok());

  EXPECT_EQ(*sys::ReadFile(root.path() / "ci" / "cpuset.cpus"), "0-1");
}

}  // namespace
}  // namespace cluster::native
