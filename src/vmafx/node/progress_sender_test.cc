#include "vmafx/node/progress_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/node/testing/jobs.h"

namespace vmafx::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

namespace rpc = controller::v1;

class ProgressSenderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(session_.Open(until()).ok());
    const auto fixtures = testing::Fixtures();
    const std::string id =
        jobs_.Submit(testing::SmallJob(fixtures / "ref.yuv", fixtures / "dist.yuv"));
    const auto pulled = client_->Pull(session_.credentials(), "cpu", "", until());
    ASSERT_TRUE(pulled.ok() && *pulled);
    job_ = (*pulled)->job;
    ASSERT_EQ(job_.id, id);
    session_.StartJob(job_, cancelled_);
  }

  base::Until until() { return base::Until::After(clock_, seconds(60)); }

  // The job as soon as so many scores are known of it, or as it is when that takes too long.
  rpc::Job WithScores(int count) {
    const base::Until limit = until();
    rpc::Job job = jobs_.Get(job_.id);
    while (job.partial_results_size() != count && limit.Pause(milliseconds(5))) {
      job = jobs_.Get(job_.id);
    }
    return job;
  }

  base::SystemClock clock_;
  controller::testing::LocalController controller_{clock_};
  std::unique_ptr<ControllerClient> client_ =
      *ControllerClient::Make({.address = controller_.address()});
  Session session_{*client_,
                   {.identity = {.name = "pod-1"}, .heartbeat_interval = milliseconds(20)},
                   clock_,
                   base::Log::Nowhere()};
  testing::Submitter jobs_{controller_.address()};
  JobRef job_;
  std::stop_source cancelled_;
};

TEST_F(ProgressSenderTest, TheControllerKnowsTheScoresSoFarAlsoAfterItsRestart) {
  ProgressSender sender(*client_, session_, job_, milliseconds(5), clock_, base::Log::Nowhere());
  const std::vector<double> scores = {91.5, 92.25, 93, 94};

  sender.Tell({.done = 3, .total = 8, .scores = std::span(scores).first(2)});
  rpc::Job seen = WithScores(2);
  EXPECT_EQ(seen.status(), rpc::RUNNING);
  EXPECT_EQ(seen.frames_done(), 3U);
  EXPECT_EQ(seen.frames_total(), 8U);
  EXPECT_THAT(seen.partial_results(), ElementsAre(91.5, 92.25));

  controller_.Restart();  // which forgets them
  ASSERT_EQ(jobs_.Get(job_.id).partial_results_size(), 0);
  sender.Tell({.done = 5, .total = 8, .scores = scores});
  seen = WithScores(4);
  EXPECT_EQ(seen.frames_done(), 5U);
  EXPECT_THAT(seen.partial_results(), ElementsAre(91.5, 92.25, 93, 94));
}

TEST_F(ProgressSenderTest, TellsHowFarAJobIsOfWhichNoScoreIsKnown) {
  ProgressSender sender(*client_, session_, job_, milliseconds(5), clock_, base::Log::Nowhere());

  sender.Tell({.done = 7, .total = std::nullopt, .scores = {}});

  const base::Until limit = until();
  while (jobs_.Get(job_.id).frames_done() != 7 && limit.Pause(milliseconds(5))) continue;
  EXPECT_EQ(jobs_.Get(job_.id).frames_done(), 7U);
  EXPECT_EQ(jobs_.Get(job_.id).frames_total(), 0U);
}

}  // namespace
}  // namespace vmafx::node
