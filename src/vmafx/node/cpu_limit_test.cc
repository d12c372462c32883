#include "vmafx/node/cpu_limit.h"

#include <fstream>

#include <gtest/gtest.h>

#include "sys/files.h"

namespace vmafx::node {
namespace {

TEST(CpuLimitTest, RoundsAQuantityUp) {
  EXPECT_EQ(*ThreadsForLimit("2"), 2U);
  EXPECT_EQ(*ThreadsForLimit("0.5"), 1U);
  EXPECT_EQ(*ThreadsForLimit("1500m"), 2U);
  EXPECT_EQ(*ThreadsForLimit("100000"), 256U);
}

TEST(CpuLimitTest, RefusesWhatIsNoQuantity) {
  for (const char* text : {"", "0", "-1", "two", "2x", "nan", "m", "1e999"}) {
    EXPECT_TRUE(ThreadsForLimit(text).Is(base::Code::kInvalid)) << text;
  }
}

TEST(CpuLimitTest, ReadsBothVersionsOfCgroups) {
  const sys::TempDir folder = *sys::TempDir::Make("cgroup");
  EXPECT_EQ(ThreadsForCgroup(folder.path()), 1U);

  std::filesystem::create_directory(folder.path() / "cpu");
  std::ofstream(folder.path() / "cpu" / "cpu.cfs_period_us") << "100000\n";
  std::ofstream(folder.path() / "cpu" / "cpu.cfs_quota_us") << "-1\n";
  EXPECT_EQ(ThreadsForCgroup(folder.path()), 1U);
  std::ofstream(folder.path() / "cpu" / "cpu.cfs_quota_us") << "350000\n";
  EXPECT_EQ(ThreadsForCgroup(folder.path()), 4U);

  std::ofstream(folder.path() / "cpu.max") << "200000 100000\n";
  EXPECT_EQ(ThreadsForCgroup(folder.path()), 2U);
  std::ofstream(folder.path() / "cpu.max") << "max 100000\n";
  EXPECT_EQ(ThreadsForCgroup(folder.path()), 1U);
}

}  // namespace
}  // namespace vmafx::node
