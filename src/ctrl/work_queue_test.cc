#include "ctrl/work_queue.h"

#include <gtest/gtest.h>

#include "base/crew.h"

namespace ctrl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const kube::Key kRed{"colours", "red"};
const kube::Key kBlue{"colours", "blue"};

class WorkQueueTest : public testing::Test {
 protected:
  base::Until Now() { return base::Until::After(clock_, {}); }
  base::Until Long() { return base::Until::After(clock_, seconds(1000000)); }

  // The name that can be taken now, or "".
  std::string TakeNow() {
    auto key = queue_.Take(Now());
    return key.ok() ? key->name : "";
  }

  base::FakeClock clock_;
  WorkQueue queue_{clock_};
};

TEST_F(WorkQueueTest, HandsOutNamesInTheOrderOfTheirFirstAdd) {
  queue_.Add(kRed);
  queue_.Add(kBlue);
  queue_.Add(kRed);

  EXPECT_EQ(TakeNow(), "red");
  EXPECT_EQ(TakeNow(), "blue");
  EXPECT_EQ(TakeNow(), "");
}

TEST_F(WorkQueueTest, KeepsANameFromASecondTakerUntilItsTurnEnds) {
  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");

  queue_.Add(kRed);
  EXPECT_EQ(TakeNow(), "");

  queue_.Done(kRed);
  EXPECT_EQ(TakeNow(), "red");
  queue_.Done(kRed);
  EXPECT_EQ(TakeNow(), "");
}

TEST_F(WorkQueueTest, BringsANameBackAfterTheTimeItAskedFor) {
  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");
  queue_.Done(kRed, seconds(10));

  clock_.Advance(seconds(9));
  EXPECT_EQ(TakeNow(), "");
  clock_.Advance(seconds(1));
  EXPECT_EQ(TakeNow(), "red");
}

TEST_F(WorkQueueTest, DoublesTheDelayWithEachFailureUpToTheLongest) {
  std::vector<base::Duration> delays;
  for (int i = 0; i < 12; ++i) {
    queue_.Add(kRed);
    ASSERT_EQ(TakeNow(), "red");
    delays.push_back(queue_.Failed(kRed));
  }

  EXPECT_EQ(delays[0], milliseconds(50));
  EXPECT_EQ(delays[1], milliseconds(100));
  EXPECT_EQ(delays[2], milliseconds(200));
  EXPECT_EQ(delays[11], seconds(30));
}

TEST_F(WorkQueueTest, ForgetsFailuresAfterASuccess) {
  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");
  queue_.Failed(kRed);
  clock_.Advance(milliseconds(50));
  ASSERT_EQ(TakeNow(), "red");
  queue_.Done(kRed);

  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");
  EXPECT_EQ(queue_.Failed(kRed), milliseconds(50));
}

TEST_F(WorkQueueTest, DoesNotLetABackOffHoldUpAChange) {
  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");
  queue_.Failed(kRed);

  queue_.Add(kRed);
  EXPECT_EQ(TakeNow(), "red");
  queue_.Done(kRed);
  clock_.Advance(seconds(60));
  EXPECT_EQ(TakeNow(), "") << "the delayed entry must be gone with the added one";
}

TEST_F(WorkQueueTest, RetriesAtOnceWhatChangedDuringAFailedTurn) {
  queue_.Add(kRed);
  ASSERT_EQ(TakeNow(), "red");
  queue_.Add(kRed);
  queue_.Failed(kRed);

  EXPECT_EQ(TakeNow(), "red");
}

TEST_F(WorkQueueTest, WakesAWaitingTakerWhenADelayEndsThatIsEarlierThanTheOneItWaitsFor) {
  queue_.Add(kRed);
  queue_.Add(kBlue);
  ASSERT_EQ(TakeNow(), "red");
  ASSERT_EQ(TakeNow(), "blue");
  queue_.Done(kRed, seconds(1000));
  base::Guarded<std::string> taken;
  base::Crew crew;
  crew.Start("taker", [&](std::stop_token stop) {
    auto key = queue_.Take(Long().Stopping(stop));
    taken.With([&](std::string& name) { name = key.ok() ? key->name : key.error().message(); });
  });

  queue_.Done(kBlue, seconds(5));
  clock_.Advance(seconds(5));

  base::SystemClock real;
  EXPECT_TRUE(taken
                  .Await(base::Until::After(real, seconds(60)),
                         [](const std::string& name) { return name == "blue"; })
                  .ok());
}

TEST_F(WorkQueueTest, EndsAllWaitsWhenItIsClosed) {
  base::Guarded<int> ended;
  base::Crew crew;
  for (int i = 0; i < 3; ++i) {
    crew.Start("taker", [&](std::stop_token stop) {
      if (queue_.Take(Long().Stopping(stop)).Is(base::Code::kCancelled)) {
        ended.With([](int& count) { ++count; });
      }
    });
  }

  queue_.Close();

  base::SystemClock real;
  EXPECT_TRUE(
      ended
          .Await(base::Until::After(real, seconds(60)), [](const int& count) { return count == 3; })
          .ok());
}

TEST_F(WorkQueueTest, EndsAWaitAtItsDeadline) {
  EXPECT_TRUE(queue_.Take(Now()).Is(base::Code::kTimeout));
}

TEST_F(WorkQueueTest, CountsWhatIsReadyDelayedAndTaken) {
  queue_.Add(kRed);
  queue_.Add(kBlue);
  ASSERT_EQ(TakeNow(), "red");
  queue_.Done(kRed, seconds(1));
  ASSERT_EQ(TakeNow(), "blue");
  queue_.Add({"colours", "green"});

  const WorkQueue::Sizes sizes = queue_.sizes();
  EXPECT_EQ(sizes.ready, 1u);
  EXPECT_EQ(sizes.delayed, 1u);
  EXPECT_EQ(sizes.working, 1u);
}

}  // namespace
}  // namespace ctrl
