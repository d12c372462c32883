#include "vmafx/node/source_idle.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

namespace vmafx::node {
namespace {

using namespace std::chrono_literals;

void AwaitStop(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any changed;
  changed.wait(lock, stop, [] { return false; });
}

TEST(IdleWatchTest, FiresWhenThePeerIsSilentForTheLimit) {
  base::FakeClock clock;
  IdleWatch watch(clock, 60s, {});
  clock.Advance(59s);
  EXPECT_FALSE(watch.stop().stop_requested());
  watch.Listen();
  clock.Advance(59s);
  EXPECT_FALSE(watch.stop().stop_requested());

  clock.Advance(1s);

  AwaitStop(watch.stop());
  EXPECT_TRUE(watch.fired());
}

TEST(IdleWatchTest, DoesNotCountTheTimeInWhichNobodyListens) {
  base::FakeClock clock;
  IdleWatch watch(clock, 60s, {});
  watch.Pause();
  for (int i = 0; i < 100; ++i) clock.Advance(61s);
  watch.Listen();
  clock.Advance(59s);
  EXPECT_FALSE(watch.fired());

  clock.Advance(1s);

  AwaitStop(watch.stop());
  EXPECT_TRUE(watch.fired());
}

TEST(IdleWatchTest, PassesAStopOn) {
  base::FakeClock clock;
  std::stop_source outer;
  IdleWatch watch(clock, 60s, outer.get_token());

  outer.request_stop();

  EXPECT_TRUE(watch.stop().stop_requested());
  EXPECT_FALSE(watch.fired());
}

}  // namespace
}  // namespace vmafx::node
