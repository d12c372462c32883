#include "vmafx/client/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::client {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

rpc::Job Scored() {
  rpc::Job job;
  job.set_id("job-1");
  job.set_status(rpc::COMPLETED);
  job.mutable_scoring()->set_reference("file:///ref.yuv");
  job.mutable_scoring()->set_distorted("file:///dist.yuv");
  job.mutable_scoring()->mutable_options()->set_width(64);
  job.set_assigned_node("pool-1");
  job.set_final_score(46.85);
  job.mutable_pooled()->set_frames(2);
  job.set_created_at(1'700'000'000);
  job.set_finished_at(1'700'000'001);
  (*job.mutable_features())["adm2"] = 0.5;
  job.add_partial_results(46.1);
  job.add_partial_results(1.0 / 3);
  auto& series = *job.add_series();
  series.set_name("adm2");
  series.add_values(0.25);
  series.add_values(0.75);
  return job;
}

TEST(RenderTest, AScoredJobHasItsScoreInJsonAndText) {
  const value::Json json = JobJson(Scored());

  EXPECT_EQ(json["status"], "completed");
  EXPECT_EQ(json["score"]["mean"], 46.85);
  EXPECT_EQ(json["features"]["adm2"], 0.5);
  EXPECT_EQ(json["createdAt"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["options"]["width"], 64);
  EXPECT_FALSE(json.contains("error"));
  EXPECT_THAT(JobText(Scored()), HasSubstr("VMAF         46.850000\n"));
}

TEST(RenderTest, AJobWithoutAScoreHasNoneAnywhere) {
  rpc::Job job = Scored();
  job.set_status(rpc::FAILED);
  job.set_error("no such file");

  EXPECT_FALSE(JobJson(job).contains("score"));
  EXPECT_EQ(JobJson(job)["error"], "no such file");
  EXPECT_THAT(JobText(job), Not(HasSubstr("VMAF")));
}

TEST(RenderTest, ARunningJobSaysHowFarItIsAndItsScoreSoFar) {
  rpc::Job job;
  job.set_status(rpc::RUNNING);
  job.set_frames_done(120);
  EXPECT_THAT(JobText(job), HasSubstr("120 frames\n"));
  job.set_frames_total(250);
  job.add_partial_results(50);
  job.add_partial_results(61);

  EXPECT_THAT(JobText(job), HasSubstr("120 of 250 frames, VMAF 55.50 so far\n"));
  EXPECT_EQ(FramesCsv(job), "frame,vmaf\r\n0,50\r\n1,61\r\n");
}

TEST(RenderTest, ALineIsOneLineWhateverTheMessageHolds) {
  rpc::Job job = Scored();
  job.set_status(rpc::FAILED);
  job.set_error("first\nsecond");
  const base::WallTime now{std::chrono::seconds(1'700'000'000)};

  EXPECT_EQ(JobLine(job, now), "22:13:20  job-1  failed     pool-1  first second");
  job.set_status(rpc::PENDING);
  job.clear_error();
  job.clear_assigned_node();
  EXPECT_EQ(JobLine(job, now), "22:13:20  job-1  pending");
}

TEST(RenderTest, FramesReadBackTheSame) {
  const rpc::Job job = Scored();

  EXPECT_EQ(FramesCsv(job), "frame,vmaf,adm2\r\n0,46.1,0.25\r\n1,0.3333333333333333,0.75\r\n");
  const value::Json frames = FramesJson(job);
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[1]["vmaf"], 1.0 / 3);
  EXPECT_EQ(frames[1]["features"]["adm2"], 0.75);
}

TEST(RenderTest, FramesWithoutTheirFeaturesAreStillFrames) {
  rpc::Job job = Scored();
  job.mutable_series(0)->mutable_values()->Truncate(1);

  EXPECT_EQ(FramesCsv(job), "frame,vmaf,adm2\r\n0,46.1,0.25\r\n1,0.3333333333333333,\r\n");
  EXPECT_FALSE(FramesJson(job)[1].contains("features"));
}

TEST(RenderTest, NodesAreATableWithAnAge) {
  rpc::Node node;
  node.set_name("pool-1");
  node.set_device("cpu: 2 threads");
  node.mutable_capability()->set_concurrency(4);
  node.set_jobs_running(1);
  node.set_pool(true);
  node.set_live(true);
  node.set_last_seen_ms(1'700'000'000'000);
  const base::WallTime now{std::chrono::seconds(1'700'000'012)};

  EXPECT_EQ(NodesText({node}, now),
            "NAME    NAMESPACE  VMAFXNODE  DEVICE          JOBS    KIND  SEEN        LIVE\n"
            "pool-1  -          -          cpu: 2 threads  1 of 4  pool  12.0 s ago  yes\n");
  EXPECT_EQ(NodesJson({node})[0]["slots"], 4);
  EXPECT_THAT(NodesText({}, now), HasSubstr("no node"));
}

TEST(RenderTest, ATrainersStatusIsShownAndAnythingElseRefused) {
  const value::Json status = {
      {"phase", "running"}, {"current_samples", 12}, {"model_digest", nullptr}};

  EXPECT_EQ(*TrainingText(status), "phase        running\nsamples      12\n");
  for (const value::Json& other :
       {value::Json(nullptr), value::Json::array(), value::Json::object()}) {
    EXPECT_TRUE(TrainingText(other).Is(base::Code::kInvalid));
  }
}

}  // namespace
}  // namespace vmafx::client
