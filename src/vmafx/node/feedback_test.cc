#include "vmafx/node/feedback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/testing/line_server.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"

namespace vmafx::node {
namespace {

using net::testing::LineServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using Kind = LineServer::Reply::Kind;

LineServer::Reply Acknowledge(const std::string& line) {
  return {Kind::kLine, api::WriteReply({.ok = true, .job_id = api::ReadSample(line)->job_id})};
}

LineServer::Reply StaySilent(const std::string&) {
  return {Kind::kSilence, ""};
}

api::FeedbackSample SampleOf(const std::string& job) {
  return {.job_id = job, .features = {0.5, 0.25}, .true_score = 46.85, .ns = "videos"};
}

class FeedbackTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, seconds(60)); }
  // Trainers are known by name; each leads to the server that is there by then.
  Feedback Make(FeedbackOptions options) { return Make(std::move(options), clock_); }
  Feedback Make(FeedbackOptions options, base::Clock& clock) {
    options.connect = [this](const std::string& name, const base::Until& limit) {
      const auto at = addresses_.find(name);
      return net::LineStream::Connect(at == addresses_.end() ? name : at->second, limit);
    };
    return {std::move(options), clock, log_};
  }
  std::string Name(const std::string& training, const std::string& address) {
    const std::string name = api::TrainerHost(training, "videos") + ":9092";
    addresses_[name] = address;
    return name;
  }
  std::string SocketPath() { return folder_.path() / "socket"; }
  // Waits until the log has a line with these words.
  void AwaitLine(const std::string& words) {
    const auto said = [&] {
      return ::testing::Matches(Contains(HasSubstr(words)))(sink_->lines());
    };
    const base::Until limit = until();
    while (!said() && limit.Pause(milliseconds(5))) continue;
    EXPECT_TRUE(said()) << words;
  }

  base::SystemClock clock_;
  std::map<std::string, std::string> addresses_;
  sys::TempDir folder_ = *sys::TempDir::Make("feedback");
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  base::Log log_{sink_, base::Level::kDebug};
};

TEST_F(FeedbackTest, TellsAllTrainersAndHasNothingLeftWhenAllAcknowledge) {
  LineServer one(Acknowledge);
  LineServer two(Acknowledge);
  auto feedback = Make({.trainers = {one.address(), two.address()}});

  EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());
  EXPECT_TRUE(feedback.Tell(SampleOf("job-2"), until()).empty());

  EXPECT_EQ(one.lines(), (std::vector<std::string>{api::WriteSample(SampleOf("job-1")),
                                                   api::WriteSample(SampleOf("job-2"))}));
  EXPECT_EQ(two.lines().size(), 2U);
  EXPECT_EQ(one.accepted(), 1) << "the connection is kept";
  EXPECT_EQ(feedback.counts().acknowledged, 4U);
}

TEST_F(FeedbackTest, ReturnsOnlyWhatIsNotAcknowledgedInTime) {
  LineServer good(Acknowledge);
  LineServer silent(StaySilent);
  base::FakeClock told;
  auto feedback =
      Make({.trainers = {Name("silent", silent.address()), Name("good", good.address())},
            .patience = milliseconds(200)},
           told);
  std::vector<UndeliveredSample> undelivered;
  base::Crew crew;
  crew.Start("tell", [&](std::stop_token) {
    undelivered = feedback.Tell(SampleOf("job-1"), base::Until(told, base::Instant::max()));
  });
  AwaitLine("sample answered");

  told.Advance(milliseconds(200));

  crew.StopAndJoin();
  ASSERT_EQ(undelivered.size(), 1U);
  EXPECT_EQ(undelivered[0].trainer, "vmafx-trainer-silent.videos.svc:9092");
  EXPECT_EQ(undelivered[0].line, api::WriteSample(SampleOf("job-1")));
  EXPECT_EQ(feedback.counts().acknowledged, 1U);
  EXPECT_EQ(feedback.counts().deferred, 1U);
}

TEST_F(FeedbackTest, SendsAgainToATrainerThatBreaksOffOrTalksNonsense) {
  std::atomic<int> calls{0};
  LineServer trainer([&](const std::string& line) -> LineServer::Reply {
    switch (++calls) {
      case 1:
        return {Kind::kClose, ""};
      case 2:
        return {Kind::kLine, "{\"ok\": maybe}"};
      case 3:
        return {Kind::kLine, api::WriteReply({.ok = true, .job_id = "another"})};
      default:
        return Acknowledge(line);
    }
  });
  auto feedback = Make({.trainers = {trainer.address()}});

  EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());
  EXPECT_EQ(calls, 4);
}

TEST_F(FeedbackTest, ReachesATrainerThatStartsLater) {
  const net::testing::ReservedPort port;
  auto feedback = Make({.trainers = {port.address()}, .patience = seconds(60)});
  std::unique_ptr<LineServer> trainer;
  base::Crew crew;
  crew.Start("tell", [&](std::stop_token) {
    EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());
  });
  AwaitLine("not acknowledged yet");

  trainer = std::make_unique<LineServer>(Acknowledge, port.address());
  crew.StopAndJoin();

  EXPECT_EQ(trainer->lines().size(), 1U);
}

TEST_F(FeedbackTest, FindsATrainerAgainThatWasRestartedBetweenTwoSamples) {
  const net::testing::ReservedPort port;
  auto trainer = std::make_unique<LineServer>(Acknowledge, port.address());
  auto feedback = Make({.trainers = {port.address()}});
  ASSERT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());

  trainer = nullptr;
  trainer = std::make_unique<LineServer>(Acknowledge, port.address());

  EXPECT_TRUE(feedback.Tell(SampleOf("job-2"), until()).empty());
}

TEST_F(FeedbackTest, DoesNotRepeatWhatATrainerRefuses) {
  LineServer trainer([](const std::string&) -> LineServer::Reply {
    return {Kind::kLine,
            api::WriteReply({.ok = false, .job_id = "job-1", .error = "27 features, not 2"})};
  });
  auto feedback = Make({.trainers = {trainer.address()}});

  EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());

  EXPECT_EQ(trainer.lines().size(), 1U);
  EXPECT_EQ(feedback.counts().refused, 1U);
  EXPECT_THAT(sink_->lines(), Contains(HasSubstr("27 features, not 2")));
}

TEST_F(FeedbackTest, AStopEndsTheWaitAtOnceAndTheSampleTravelsWithTheReport) {
  std::stop_source stop;
  LineServer trainer([&](const std::string&) -> LineServer::Reply {
    stop.request_stop();
    return {Kind::kSilence, ""};
  });
  auto feedback =
      Make({.trainers = {Name("a", trainer.address())}, .patience = std::chrono::minutes(10)});

  const auto undelivered = feedback.Tell(SampleOf("job-1"), until().Stopping(stop.get_token()));

  EXPECT_EQ(undelivered.size(), 1U);
}

TEST_F(FeedbackTest, PrefersTheForwardersSocketToTheTrainersThemselves) {
  LineServer trainer(Acknowledge);
  LineServer forwarder(Acknowledge, "unix:" + SocketPath());
  auto feedback = Make({.trainers = {trainer.address()}, .socket = SocketPath()});

  EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());

  EXPECT_EQ(forwarder.lines().size(), 1U);
  EXPECT_EQ(trainer.accepted(), 0);
}

TEST_F(FeedbackTest, WithoutItsForwarderHandsSamplesOnOnlyToTrainersItKnows) {
  const auto make = [&](std::vector<std::string> trainers) {
    return Make(
        {.trainers = std::move(trainers), .socket = SocketPath(), .patience = milliseconds(50)});
  };
  auto known = make({"vmafx-trainer-a.videos.svc:9092"});
  auto unknown = make({});

  const auto undelivered = known.Tell(SampleOf("job-1"), until());
  ASSERT_EQ(undelivered.size(), 1U);
  EXPECT_EQ(undelivered[0].trainer, "vmafx-trainer-a.videos.svc:9092");
  EXPECT_EQ(known.counts().deferred, 1U);

  EXPECT_TRUE(unknown.Tell(SampleOf("job-2"), until()).empty());
  EXPECT_EQ(unknown.counts().dropped, 1U);
  EXPECT_THAT(sink_->lines(), Contains(HasSubstr("sample dropped")));
}

// The controller refuses a report that carries such a sample, and its score with it.
TEST_F(FeedbackTest, HandsNoSampleOnForATrainerOfAnotherNamespace) {
  LineServer silent(StaySilent);
  addresses_["vmafx-trainer-a.films.svc:9092"] = silent.address();
  for (const std::string& trainer :
       {std::string("vmafx-trainer-a.films.svc:9092"), silent.address()}) {
    auto feedback = Make({.trainers = {trainer}, .patience = milliseconds(50)});

    EXPECT_TRUE(feedback.Tell(SampleOf("job-1"), until()).empty());
    EXPECT_EQ(feedback.counts().dropped, 1U);
  }
}

TEST_F(FeedbackTest, SeveralJobsAtOnceDoNotWaitForEachOthersPatience) {
  LineServer silent(StaySilent);
  auto feedback = Make({.trainers = {Name("a", silent.address())}, .patience = seconds(1)});
  const base::Instant begun = clock_.Now();
  {
    base::Crew crew;
    for (int i = 0; i < 30; ++i) {
      crew.Start("tell", [&, i](std::stop_token) {
        EXPECT_EQ(feedback.Tell(SampleOf(fmt::format("job-{}", i)), until()).size(), 1U);
      });
    }
  }
  EXPECT_LT(clock_.Now() - begun, seconds(20)) << "30 times 1 s would be 30";
}

}  // namespace
}  // namespace vmafx::node
