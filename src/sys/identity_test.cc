#include "sys/identity.h"

#include <gtest/gtest.h>

#include "sys/process.h"

namespace sys {
namespace {

using namespace std::chrono_literals;

// The identity of a child with this number: as ours, but for number and start time.
std::string WithLast(const std::string& identity, int pid, const std::string& started) {
  const size_t end = identity.rfind('/', identity.rfind('/') - 1);
  return identity.substr(0, end) + "/" + std::to_string(pid) + "/" + started;
}

TEST(IdentityTest, ThisProcessIsAliveAndAnotherOfItsNumberIsNot) {
  const auto self = ProcessIdentity();
  ASSERT_TRUE(self.ok()) << self.error().message();
  EXPECT_EQ(LifeOf(*self), Life::kAlive);
  EXPECT_EQ(LifeOf(*self + "1"), Life::kDead) << "the number was given out again";
}

TEST(IdentityTest, AProcessThatHasEndedIsDead) {
  base::SystemClock clock;
  auto child = Process::Start({.argv = {"/bin/sleep", "60"}});
  ASSERT_TRUE(child.ok());
  const int pid = child->pid();
  child->Signal(9);
  ASSERT_TRUE(child->Wait(base::Until::After(clock, 60s)).ok());
  EXPECT_EQ(LifeOf(WithLast(*ProcessIdentity(), pid, "1")), Life::kDead);
}

TEST(IdentityTest, AnotherMachinesProcessIsNotOursToSee) {
  std::string other = *ProcessIdentity();
  other[0] = other[0] == '0' ? '1' : '0';
  EXPECT_EQ(LifeOf(other), Life::kElsewhere);
  EXPECT_EQ(LifeOf(""), Life::kElsewhere);
  EXPECT_EQ(LifeOf("a/b/c/d"), Life::kElsewhere);
}

}  // namespace
}  // namespace sys
