#include "sys/signals.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/guarded.h"
#include "sys/process.h"

namespace sys {
namespace {

using std::chrono::seconds;

// Sent to this program and not taken yet.
bool IsPending(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal) == 1;
}

TEST(SignalsTest, TurnsTheFirstSignalIntoAStop) {
  base::SystemClock clock;
  Signals signals;
  base::Guarded<bool> stopped(false);
  std::stop_callback on_stop(signals.stop(),
                             [&] { stopped.With([](bool& flag) { flag = true; }); });

  kill(getpid(), SIGTERM);

  EXPECT_TRUE(
      stopped.Await(base::Until::After(clock, seconds(60)), [](bool flag) { return flag; }).ok());
  EXPECT_EQ(signals.received(), SIGTERM);
}

TEST(SignalsTest, EndsTheProgramAtTheSecondSignal) {
  const pid_t child = fork();
  if (child == 0) {
    Signals signals;
    // Both are sent by the child itself: two of one kind would be merged while pending.
    kill(getpid(), SIGINT);
    kill(getpid(), SIGTERM);
    for (;;) pause();
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);

  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 130);
}

TEST(SignalsTest, TheSameSignalTwiceAtOnceIsOneWish) {
  base::SystemClock clock;
  const base::Until until = base::Until::After(clock, seconds(60));
  {
    Signals signals(std::chrono::hours(1));  // "at once", however late we are called
    base::Guarded<bool> stopped(false);
    std::stop_callback on_stop(signals.stop(),
                               [&] { stopped.With([](bool& flag) { flag = true; }); });

    kill(getpid(), SIGTERM);
    ASSERT_TRUE(stopped.Await(until, [](bool flag) { return flag; }).ok());
    kill(getpid(), SIGTERM);  // ends this program unless it counts as the same

    while (IsPending(SIGTERM) && until.Pause(std::chrono::milliseconds(1))) {
    }
    EXPECT_FALSE(IsPending(SIGTERM)) << "nobody read it";
    EXPECT_EQ(signals.received(), SIGTERM);
  }  // its thread has ended, and with it whatever it did about the second
}

TEST(SignalsTest, LeavesChildrenWithDefaultSignals) {
  base::SystemClock clock;
  Signals signals;
  Command command;
  command.argv = {"sh", "-c", "kill -TERM $$; echo survived"};

  const auto exit = sys::Run(command, base::Until::After(clock, seconds(60)));

  ASSERT_TRUE(exit.ok());
  EXPECT_EQ(exit->signal, SIGTERM);
  EXPECT_EQ(exit->output, "");
}

}  // namespace
}  // namespace sys
