#include "vmafx/operator/trainer_follower.h"

#include <gtest/gtest.h>

#include "vmafx/operator/testing/fake_trainer.h"

namespace vmafx::operators {
namespace {

using std::chrono::seconds;
using testing::FakeTrainer;

class TrainerFollowerTest : public ::testing::Test {
 protected:
  std::unique_ptr<TrainerFollower> Start(TrainerFollowerOptions options = {}) {
    if (!options.url) options.url = [this](const std::string&) { return trainer_.url(); };
    return std::make_unique<TrainerFollower>(
        options, clock_, base::Log::Nowhere(), [this](const kube::Key& training) {
          told_.With([&](std::map<kube::Key, int>& told) { ++told[training]; });
        });
  }

  // Waits until news of the training make what is known of it as asked.
  Followed Await(TrainerFollower& follower, const kube::Key& training,
                 const std::function<bool(const Followed&)>& ready) {
    auto waited = told_.Await(base::Until::After(clock_, seconds(60)),
                              [&](const auto&) { return ready(follower.Find(training)); });
    EXPECT_TRUE(waited.ok()) << "trouble: " << follower.Find(training).trouble;
    return follower.Find(training);
  }
  static auto Samples(int64_t count) {
    return [=](const Followed& known) {
      return known.answers() && known.report->current_samples == count;
    };
  }

  const kube::Key training_{"films", "online"};
  const TrainerPod pod_{"u", "10.0.0.1"};
  base::SystemClock clock_;
  FakeTrainer trainer_;
  base::Guarded<std::map<kube::Key, int>> told_;
};

TEST_F(TrainerFollowerTest, HearsOfEveryChangeWithoutAskingInACircle) {
  const auto follower = Start({.wait = seconds(3600)});
  follower->Follow(training_, pod_);
  Await(*follower, training_, Samples(0));
  trainer_.AwaitAsked(2);

  trainer_.Say({{"current_samples", 1}});
  Await(*follower, training_, Samples(1));
  trainer_.Say({{"current_samples", 2}});
  Await(*follower, training_, Samples(2));
  trainer_.AwaitAsked(4);

  EXPECT_EQ(trainer_.asked(), 4) << "one question for each answer";
}

TEST_F(TrainerFollowerTest, SaysWhyATrainerDoesNotAnswerAndGoesOnWhenItDoes) {
  const auto follower = Start();
  follower->Follow(training_, pod_);
  Await(*follower, training_, Samples(0));

  trainer_.Stop();
  // What it says while it is ending is another trouble.
  const Followed silent = Await(*follower, training_, [](const Followed& known) {
    return known.trouble.find("connection refused") != std::string::npos;
  });
  EXPECT_TRUE(silent.report.has_value()) << "what it said last stays";
  EXPECT_FALSE(silent.answers());

  trainer_.Restart();
  follower->Nudge(training_);
  Await(*follower, training_, Samples(0));
}

TEST_F(TrainerFollowerTest, AnAnswerThatIsNoneIsTrouble) {
  trainer_.AnswerWith(503);
  const auto follower = Start();
  follower->Follow(training_, pod_);
  EXPECT_NE(
      Await(*follower, training_, [](const Followed& known) { return !known.trouble.empty(); })
          .trouble.find("answered 503, not 200"),
      std::string::npos);

  trainer_.Say({{"current_samples", "many"}});
  trainer_.AnswerWith(200);
  Await(*follower, training_, [](const Followed& known) {
    return known.trouble.find("current_samples is not a whole number") != std::string::npos;
  });
}

TEST_F(TrainerFollowerTest, KnowsNothingOfThePodBefore) {
  const auto follower = Start();
  follower->Follow(training_, pod_);
  Await(*follower, training_, Samples(0));
  trainer_.AwaitAsked(2);

  EXPECT_FALSE(follower->Follow(training_, {"v", "10.0.0.1"}).report.has_value());
  Await(*follower, training_, Samples(0));
}

TEST_F(TrainerFollowerTest, ForgettingFreesTheThreadAtOnce) {
  const auto follower = Start({.most_threads = 1, .wait = seconds(3600)});
  follower->Follow(training_, pod_);
  Await(*follower, training_, Samples(0));
  trainer_.AwaitAsked(2);

  follower->Forget(training_);
  follower->Follow({"films", "next"}, pod_);

  Await(*follower, {"films", "next"}, Samples(0));
}

TEST_F(TrainerFollowerTest, MoreTrainersThanThreadsTakeTurns) {
  const auto follower =
      Start({.most_threads = 2, .wait = seconds(1), .crowded = std::chrono::milliseconds(5)});
  for (int i = 0; i < 5; ++i) follower->Follow({"films", std::to_string(i)}, pod_);
  for (int i = 0; i < 5; ++i) Await(*follower, {"films", std::to_string(i)}, Samples(0));

  trainer_.Say({{"current_samples", 3}});

  for (int i = 0; i < 5; ++i) Await(*follower, {"films", std::to_string(i)}, Samples(3));
}

TEST_F(TrainerFollowerTest, StopsAtOnceThoughATrainerHasNoNews) {
  const auto follower = Start({.wait = seconds(3600)});
  follower->Follow(training_, pod_);
  trainer_.AwaitAsked(2);

  follower->Stop();

  EXPECT_TRUE(follower->Find(training_).answers()) << "its own end is no trouble of the trainer";
}

TEST(TrainerStatusUrlTest, IsAtThePodsOwnAddress) {
  EXPECT_EQ(TrainerStatusUrl("10.0.0.1"), "http://10.0.0.1:9091/status");
  EXPECT_EQ(TrainerStatusUrl("fd00::1"), "http://[fd00::1]:9091/status");
}

}  // namespace
}  // namespace vmafx::operators
