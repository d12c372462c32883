#include "sys/mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sys {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MountsTest, ReadsPointTypeAndOptionsWhateverStandsBetween) {
  const auto mounts = ParseMounts(
      "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:7 - ext3 /dev/root "
      "rw,errors=continue\n"
      "34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset\n"
      "not a mount\n");

  ASSERT_EQ(mounts.size(), 2u);
  EXPECT_EQ(mounts[0].point, "/mnt 2");
  EXPECT_EQ(mounts[0].source, "/dev/root");
  EXPECT_EQ(mounts[1].type, "cgroup");
  EXPECT_THAT(mounts[1].options, ElementsAre("rw", "cpuset"));
}

TEST(MountsTest, FindsProcAmongTheMountsOfThisProcess) {
  const auto mounts = ReadMounts();

  ASSERT_TRUE(mounts.ok());
  EXPECT_THAT(*mounts, testing::Contains(testing::Field(&MountEntry::type, "proc")));
}

TEST(MountsTest, NamesTheTargetOfAMountThatFails) {
  const auto mounted = Mount("", "/no/such/folder", "tmpfs", 0);

  ASSERT_FALSE(mounted.ok());
  EXPECT_THAT(mounted.error().message(), HasSubstr("on /no/such/folder: "));
}

}  // namespace
}  // namespace sys
