#include "cluster/native/faults.h"

#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "sys/process.h"

namespace cluster::native {
namespace {

using std::chrono::seconds;

class FaultsTest : public testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, seconds(60)); }

  // Of this process, which stands for a node's init.
  sys::Process StartChild() { return *sys::Process::Start({.argv = {"/bin/sleep", "1000"}}); }

  base::SystemClock clock_;
};

TEST_F(FaultsTest, FindsAChildOfTheInitByItsNumber) {
  sys::Process child = StartChild();

  const auto service = FindService(getpid(), child.pid());

  ASSERT_TRUE(service.ok()) << service.error().message();
  EXPECT_EQ(service->pid, child.pid());
  EXPECT_FALSE(service->stopped);
}

TEST_F(FaultsTest, FindsNothingThatIsNoChildOfTheInit) {
  sys::Process child = StartChild();

  EXPECT_TRUE(FindService(child.pid(), child.pid()).Is(base::Code::kNotFound));
  EXPECT_TRUE(FindService(getpid(), getpid()).Is(base::Code::kNotFound));
  EXPECT_TRUE(FindService(getpid(), 1).Is(base::Code::kNotFound));
  EXPECT_TRUE(FindService(getpid(), 0).Is(base::Code::kNotFound));
}

TEST_F(FaultsTest, StopsStartsAndKills) {
  sys::Process child = StartChild();

  ASSERT_TRUE(InjectFault(*FindService(getpid(), child.pid()), Fault::kStop, until()).ok());
  const base::Until limit = until();
  while (!FindService(getpid(), child.pid())->stopped &&
         limit.Pause(std::chrono::milliseconds(1))) {
  }
  EXPECT_TRUE(FindService(getpid(), child.pid())->stopped);
  ASSERT_TRUE(InjectFault(*FindService(getpid(), child.pid()), Fault::kStart, until()).ok());
  while (FindService(getpid(), child.pid())->stopped && limit.Pause(std::chrono::milliseconds(1))) {
  }
  EXPECT_FALSE(FindService(getpid(), child.pid())->stopped);
  ASSERT_TRUE(InjectFault(*FindService(getpid(), child.pid()), Fault::kKill, until()).ok());

  EXPECT_EQ(child.Wait(until())->signal, SIGKILL);
}

TEST(ProcessStatusTest, ReadsTheInnermostNumber) {
  const auto status = ParseProcessStatus(
      "Name:\tetcd\nState:\tT (stopped)\nTgid:\t4711\nPPid:\t4700\nNSpid:\t4711\t99\t12\n");

  ASSERT_TRUE(status);
  EXPECT_EQ(status->parent, 4700);
  EXPECT_EQ(status->innermost, 12);
  EXPECT_TRUE(status->stopped);
}

TEST(ProcessStatusTest, TakesNothingForGranted) {
  for (const char* text :
       {"", "\n\n", "PPid:\t1", "NSpid:\t1", "PPid:\tx\nNSpid:\t1", "PPid:\t1\nNSpid:\t",
        "PPid:\t1\nNSpid:\t1\tx", "PPid:\t99999999999999999999\nNSpid:\t1", ":::\n\t:\n",
        "PPid:\t1 2\nNSpid:\t3", "PPid\nNSpid"})
    EXPECT_FALSE(ParseProcessStatus(text)) << text;
}

}  // namespace
}  // namespace cluster::native
