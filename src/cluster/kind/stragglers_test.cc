#include "cluster/kind/stragglers.h"

#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "sys/process.h"

namespace cluster::kind {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::ContainsRegex;

// A shell under docker's name, which takes docker's command for its script.
class StragglersTest : public testing::Test {
 protected:
  void SetUp() override { fs::create_symlink("/bin/sh", temp_.path() / "docker"); }

  // A process that has left `docker COMMAND` running in its group, and has ended.
  sys::Process Leave(const std::string& command, const std::string& script) {
    EXPECT_TRUE(
        sys::WriteFileAtomically(temp_.path() / command, "echo >" + command + ".runs\n" + script)
            .ok());
    sys::Command leader;  // ends once the script runs
    leader.argv = {"/bin/sh", "-c",
                   "mkfifo $0.runs; ./docker $0 >/dev/null 2>&1 & read line <$0.runs", command};
    leader.directory = temp_.path();
    auto process = sys::Process::Start(std::move(leader));
    EXPECT_TRUE(process.ok());
    EXPECT_TRUE(process->Wait(Within(seconds(60))).ok());
    return std::move(*process);
  }
  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-stragglers-test");
};

TEST_F(StragglersTest, AContainerThatIsBeingMadeIsWaitedFor) {
  const sys::Process left = Leave("run", "sleep 0.5; : >made\n");
  EXPECT_TRUE(AwaitContainers(left.pid(), Within(seconds(20))).ok());
  EXPECT_TRUE(fs::exists(temp_.path() / "made"));
}

TEST_F(StragglersTest, OneThatIsStillBeingMadeAtTheDeadlineIsNamed) {
  const sys::Process left = Leave("run", "sleep 1000; :\n");
  const auto awaited = AwaitContainers(left.pid(), Within(seconds(0)));
  ASSERT_TRUE(awaited.Is(base::Code::kTimeout));
  EXPECT_THAT(awaited.error().message(), ContainsRegex("`./docker run` .process [0-9]+. .* was "
                                                       "still making a container"));
}

TEST_F(StragglersTest, OtherCommandsAndOtherGroupsAreNotWaitedFor) {
  const sys::Process left = Leave("exec", "sleep 1000; :\n");
  const sys::Process other = Leave("run", "sleep 1000; :\n");
  for (const pid_t group : {left.pid(), getpgrp(), 0})
    EXPECT_TRUE(AwaitContainers(group, Within(seconds(20))).ok()) << group;
}

}  // namespace
}  // namespace cluster::kind
