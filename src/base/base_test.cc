#include <latch>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/crew.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/result.h"
#include "base/text.h"

namespace base {
namespace {

using std::chrono::seconds;
using namespace std::chrono_literals;

Result<int> Half(int n) {
  if (n % 2 != 0) return Fail(Code::kInvalid, "{} is odd", n);
  return n / 2;
}

Result<int> Quarter(int n) {
  const int half = TRY(Half(n).During("first half"));
  return Half(half).During("second half");
}

TEST(ResultTest, TryReturnsTheValueOrTheErrorWithItsChainOfContext) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "second half: 3 is odd");
  EXPECT_TRUE(Quarter(5).Is(Code::kInvalid));
}

TEST(ResultDeathTest, ReadingTheValueOfAFailureAborts) {
  EXPECT_DEATH({ [[maybe_unused]] int value = *Half(3); }, "3 is odd");
}

TEST(UntilTest, WithinTightensAndNeverExtends) {
  FakeClock clock;
  const Until until = Until::After(clock, 10s);

  EXPECT_EQ(until.Within(5s).Left(), 5s);
  EXPECT_EQ(until.Within(60s).Left(), 10s);
  clock.Advance(11s);
  EXPECT_TRUE(until.Expired());
  EXPECT_EQ(until.Left(), 0s);
}

TEST(UntilTest, PauseEndsWhenTheClockPassesItAndWhenItIsStopped) {
  FakeClock clock;
  std::stop_source stop;
  Crew crew;
  Guarded<int> full(0), cut(0);
  crew.Start("pause", [&](std::stop_token) {
    const bool passed = Until(clock, Instant::max()).Pause(2s);
    full.With([&](int& value) { value = passed ? 1 : 2; });
  });
  crew.Start("stopped", [&](std::stop_token) {
    const bool passed = Until::After(clock, 100s, stop.get_token()).Pause(50s);
    cut.With([&](int& value) { value = passed ? 1 : 2; });
  });
  SystemClock real;
  while (full.Read([](int v) { return v == 0; })) clock.Advance(1s);
  EXPECT_TRUE(full.Await(Until::After(real, 60s), [](int v) { return v == 1; }).ok());
  stop.request_stop();
  EXPECT_TRUE(cut.Await(Until::After(real, 60s), [](int v) { return v != 0; }).ok());
}

TEST(GuardedTest, AwaitWakesOnAChangeAndTimesOutWithoutOne) {
  SystemClock clock;
  Guarded<int> value(0);
  Crew crew;
  crew.Start("setter", [&](std::stop_token) { value.With([](int& v) { v = 7; }); });

  EXPECT_TRUE(value.Await(Until::After(clock, 60s), [](int v) { return v == 7; }).ok());
  EXPECT_TRUE(
      value.Await(Until::After(clock, 5ms), [](int v) { return v == 8; }).Is(Code::kTimeout));
}

TEST(QueueTest, HandsOverInOrderAndDrainsAfterClose) {
  SystemClock clock;
  Queue<int> queue(2);
  const auto until = [&] { return Until::After(clock, 5s); };
  ASSERT_TRUE(queue.Push(1, until()).ok());
  ASSERT_TRUE(queue.Push(2, until()).ok());
  EXPECT_TRUE(queue.Push(3, Until::After(clock, 1ms)).Is(Code::kTimeout));
  queue.Close();

  EXPECT_EQ(**queue.Pop(until()), 1);
  EXPECT_EQ(**queue.Pop(until()), 2);
  EXPECT_FALSE(queue.Pop(until())->has_value());
  EXPECT_TRUE(queue.Push(4, until()).Is(Code::kCancelled));
}

TEST(CrewTest, StopsAndJoinsAllAndStartsNothingAfterwards) {
  Crew crew;
  std::latch started(3);
  for (int i = 0; i < 3; ++i) {
    crew.Start("worker", [&](std::stop_token stop) {
      started.count_down();
      SystemClock clock;
      (void)Until::After(clock, 1h, stop).Pause(1h);
    });
  }
  started.wait();
  crew.StopAndJoin();
  EXPECT_FALSE(crew.Start("late", [](std::stop_token) {}));
}

TEST(LogTest, WritesTheEventFirstThenQuotedFields) {
  auto sink = std::make_shared<MemorySink>();
  const Log log = Log(sink, Level::kInfo).With("case", "rollout");
  log.Debug("hidden");
  log.Warn("watch ended", {{"kind", "Pod"}, {"reason", "too \"old\"\n"}});

  ASSERT_EQ(sink->lines().size(), 1u);
  EXPECT_EQ(sink->lines()[0], R"(warn watch ended kind=Pod reason="too \"old\"\n" case=rollout)");
}

TEST(TextTest, NearestFindsATypoAndNotAnotherWord) {
  const std::vector<std::string> fields = {"timeout", "collectors", "commands"};
  EXPECT_EQ(DidYouMean("Timeot", fields), " (did you mean \"timeout\"?)");
  EXPECT_EQ(DidYouMean("banana", fields), "");
  EXPECT_EQ(DidYouMean("availableReplicas", {"unavailableReplicas"}), "");
  EXPECT_EQ(DidYouMean("unavailableReplicas", {"availableReplicas"}), "");
  EXPECT_EQ(DidYouMean("unvailableReplicas", {"unavailableReplicas"}),
            " (did you mean \"unavailableReplicas\"?)");
}

TEST(TextTest, ParsesGoDurationsAndRefusesOthers) {
  EXPECT_EQ(*ParseDuration("1h30m"), 90min);
  EXPECT_EQ(*ParseDuration("300ms"), 300ms);
  EXPECT_EQ(*ParseDuration("1.5s"), 1500ms);
  EXPECT_EQ(*ParseDuration("0"), 0s);
  for (const char* bad : {"", "10", "s", "-1s", "5 s", "1x", "99999999999h"})
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
}

TEST(TextTest, SplitsJoinsAndTrims) {
  EXPECT_EQ(Split("a,b,,c", ','), (std::vector<std::string>{"a", "b", "", "c"}));
  EXPECT_EQ(Join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(Trim("  x y\n"), "x y");
}

}  // namespace
}  // namespace base
