#include "vmafx/node/run_once.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "net/http.h"
#include "net/testing/line_server.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/features/features.h"
#include "vmafx/node/testing/jobs.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::node {
namespace {

using base::Code;
using net::testing::LineServer;
using ::testing::Contains;
using testing::Fixtures;
using ::testing::HasSubstr;
using testing::SmallJob;
using testing::Submitter;
namespace fs = std::filesystem;
namespace rpc = vmafx::controller::v1;
namespace clips = vmafx::scoring::testing;

constexpr scoring::Geometry kSmall{64, 64, {}};

// The client's side of a real controller on loopback.
class RunOnceTest : public ::testing::Test {
 protected:
  static rpc::SubmitJobRequest JobFor(const fs::path& reference, const fs::path& distorted) {
    auto request = SmallJob(reference, distorted);
    request.set_pinned(true);
    return request;
  }

  rpc::SubmitJobRequest LongJob() {
    auto request = testing::LongJob(folder_.path());
    request.set_pinned(true);
    return request;
  }

  // Runs until it is stopped, or until server_ releases it.
  rpc::SubmitJobRequest HeldJob() {
    auto request = testing::HeldJob(folder_.path(), server_);
    request.set_pinned(true);
    return request;
  }

  RunOnceOptions OptionsFor(const std::string& id) {
    RunOnceOptions options;
    options.job_id = id;
    options.session.identity = {.name = "pod-1"};
    options.session.heartbeat_interval = std::chrono::milliseconds(50);
    options.work.capacity.roots = {Fixtures(), folder_.path()};
    options.work.capacity.sources.http_ca_pem = server_.ca_pem();
    options.poll_interval = std::chrono::milliseconds(50);
    options.work.progress_interval = std::chrono::milliseconds(10);
    return options;
  }

  // Done at once, on the worker's own thread, when it has pulled its job.
  void OnPulled(std::function<void()> action) {
    sink_->on_line = [action = std::move(action)](std::string_view line) {
      if (line.starts_with("job pulled")) action();
    };
  }

  base::Result<Ending> Run(const RunOnceOptions& options, std::stop_token stop = {}) {
    const base::Log log(sink_, base::Level::kDebug);
    auto client = *ControllerClient::Make({.address = controller_.address()});
    Feedback feedback(feedback_, clock_, log);
    return RunOnce(options, *client, feedback, clock_, log,
                   base::Until::After(clock_, std::chrono::seconds(120), std::move(stop)));
  }

  // The controller's.
  std::string Metrics() {
    const auto http = net::MakeCurlHttp({});
    const auto answer =
        http->Send({.url = fmt::format("http://127.0.0.1:{}/metrics", controller_.http_port())},
                   base::Until::After(clock_, std::chrono::seconds(60)));
    return answer.ok() ? answer->body : answer.error().message();
  }

  // Submits, runs, and returns the job as it is then; it must have been reported.
  rpc::Job Score(const rpc::SubmitJobRequest& request) {
    const std::string id = client_.Submit(request);
    const auto ending = Run(OptionsFor(id));
    EXPECT_TRUE(ending.ok()) << ending.error().message();
    EXPECT_TRUE(ending.ok() && *ending == Ending::kReported);
    return client_.Get(id);
  }

  fs::path WriteClip(const std::string& name, const scoring::Geometry& geometry, int frames,
                     clips::Side side) {
    return clips::WriteClip(folder_.path(), name, clips::MakeClip(geometry, frames, side));
  }

  base::SystemClock clock_;
  std::shared_ptr<testing::HookSink> sink_ = std::make_shared<testing::HookSink>();
  sys::TempDir folder_ = *sys::TempDir::Make("run_once");
  controller::testing::LocalController controller_{clock_};
  Submitter client_{controller_.address()};
  testing::FileServer server_;
  FeedbackOptions feedback_;
};

TEST_F(RunOnceTest, ScoresThePairOfTheEndToEndCases) {
  const rpc::Job job = Score(JobFor(Fixtures() / "ref.yuv", Fixtures() / "dist.yuv"));

  double expected = 0;
  std::ifstream(Fixtures() / "expected-score") >> expected;
  ASSERT_GT(expected, 0);
  EXPECT_EQ(job.status(), rpc::COMPLETED) << job.error();
  EXPECT_NEAR(job.final_score(), expected, 1e-5);
  EXPECT_EQ(job.pooled().mean(), job.final_score());
  EXPECT_EQ(job.pooled().frames(), 8U);
  EXPECT_LE(job.pooled().min(), job.pooled().p1());
  EXPECT_GE(job.pooled().max(), job.pooled().mean());
  EXPECT_EQ(job.assigned_node(), "pod-1");
  EXPECT_EQ(job.provenance().model(), "vmaf_v0.6.1");
  EXPECT_EQ(job.provenance().backend_used(), "cpu");
  EXPECT_THAT(job.provenance().library(), HasSubstr("libvmaf "));
  ASSERT_EQ(job.partial_results_size(), 8);
  EXPECT_EQ(job.features_size(), job.series_size());
  ASSERT_GT(job.series_size(), 5);
  EXPECT_EQ(job.series(0).values_size(), 8);
}

TEST_F(RunOnceTest, ScoresAnotherPairOtherwise) {
  const rpc::Job same = Score(JobFor(Fixtures() / "ref.yuv", Fixtures() / "ref.yuv"));
  const rpc::Job swapped = Score(JobFor(Fixtures() / "dist.yuv", Fixtures() / "ref.yuv"));

  EXPECT_GT(same.final_score(), 95);
  EXPECT_LT(swapped.final_score(), 95);
  EXPECT_GT(swapped.final_score(), 60);
}

TEST_F(RunOnceTest, ReportsEachBadInputAsAFailureThatSaysWhatIsWrong) {
  const fs::path reference = WriteClip("ref.yuv", kSmall, 8, clips::Side::kReference);
  const fs::path distorted = WriteClip("dist.yuv", kSmall, 8, clips::Side::kDistorted);
  const fs::path shorter = WriteClip("short.yuv", kSmall, 7, clips::Side::kDistorted);
  const fs::path link =
      folder_.path() / "link.yuv";  // as every file of a ConfigMap's volume is one
  fs::create_symlink(shorter, link);
  const fs::path broken = clips::WriteClip(folder_.path(), "broken.yuv", std::string(10000, 'x'));
  auto raw = JobFor(reference, distorted);
  raw.mutable_scoring()->clear_options();
  auto cuda = JobFor(reference, distorted);
  cuda.mutable_scoring()->set_backend("cuda");
  auto model = JobFor(reference, distorted);
  model.mutable_scoring()->set_model("vmaf_v0.6.2");
  auto remote = JobFor(reference, distorted);
  remote.mutable_scoring()->set_distorted("s3://bucket/dist.yuv");

  const std::pair<rpc::SubmitJobRequest, const char*> cases[] = {
      {JobFor(reference, folder_.path() / "nope.yuv"), "nope.yuv: no such file"},
      {JobFor("/etc/hostname", distorted), "outside of the folders"},
      {remote, "this worker has no rclone to read it with"},
      {raw, "spec.options"},
      {JobFor(reference, link), "link.yuv has 7 frames"},
      {JobFor(reference, broken), "broken.yuv"},
      {cuda, "backend cuda is asked for"},
      {model, "vmaf_v0.6.2"},
  };
  for (const auto& [request, words] : cases) {
    const rpc::Job job = Score(request);
    EXPECT_EQ(job.status(), rpc::FAILED) << words;
    EXPECT_THAT(job.error(), HasSubstr(words));
  }
}

TEST_F(RunOnceTest, ScoresOfFramesAreSeenWhileTheJobRuns) {
  const std::string id = client_.Submit(HeldJob());
  rpc::Job seen;
  {
    base::Crew crew;
    crew.Start("look", [&](std::stop_token stop) {
      const auto limit = base::Until::After(clock_, std::chrono::seconds(60), std::move(stop));
      while (seen.partial_results_size() == 0 && limit.Pause(std::chrono::milliseconds(5))) {
        seen = client_.Get(id);
      }
      server_.Release();
    });
    ASSERT_TRUE(Run(OptionsFor(id)).ok());
  }

  EXPECT_EQ(seen.status(), rpc::RUNNING);
  const rpc::Job ended = client_.Get(id);
  ASSERT_EQ(ended.partial_results_size(), 120);
  for (int i = 0; i < seen.partial_results_size(); ++i) {
    EXPECT_EQ(seen.partial_results(i), ended.partial_results(i)) << i;
  }
}

TEST_F(RunOnceTest, StopsWhenItsJobIsCancelled) {
  const std::string id = client_.Submit(HeldJob());
  OnPulled([&] { client_.Cancel(id); });

  const auto ending = Run(OptionsFor(id));

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(*ending, Ending::kReported);
  EXPECT_EQ(client_.Get(id).status(), rpc::CANCELLED);
  EXPECT_EQ(client_.Get(id).final_score(), 0);
  EXPECT_THAT(sink_->lines(), ::testing::Contains(HasSubstr("cancelled by the controller")));
}

TEST_F(RunOnceTest, GivesItsJobBackWhenAskedToStopAndAnotherWorkerFinishesIt) {
  const std::string id = client_.Submit(LongJob());
  std::stop_source stop;
  OnPulled([&] { stop.request_stop(); });

  const auto ending = Run(OptionsFor(id), stop.get_token());

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(*ending, Ending::kInterrupted);
  const rpc::Job waiting = client_.Get(id);
  EXPECT_EQ(waiting.status(), rpc::PENDING);
  EXPECT_EQ(waiting.error(), "node shutting down, job interrupted");
  EXPECT_EQ(waiting.lost_attempts(), 0);

  sink_->on_line = nullptr;
  auto second = OptionsFor(id);
  second.session.identity.name = "pod-2";
  ASSERT_TRUE(Run(second).ok());
  EXPECT_EQ(client_.Get(id).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(id).assigned_node(), "pod-2");
  EXPECT_EQ(client_.Get(id).attempt(), 2);
}

TEST_F(RunOnceTest, GivesUpSoonWhenStoppedWhileTheControllerIsAway) {
  const std::string id = client_.Submit(JobFor(Fixtures() / "ref.yuv", Fixtures() / "dist.yuv"));
  std::stop_source stop;
  sink_->on_line = [&](std::string_view line) {
    if (line.starts_with("job pulled")) controller_.Stop();
    if (line.starts_with("report not accepted yet")) stop.request_stop();
  };
  auto options = OptionsFor(id);
  options.work.stop_patience = std::chrono::milliseconds(200);
  const base::Instant begun = clock_.Now();

  const auto ending = Run(options, stop.get_token());

  ASSERT_FALSE(ending.ok());
  EXPECT_THAT(ending.error().message(), HasSubstr("ReportResult at controller"));
  EXPECT_LT(clock_.Now() - begun, std::chrono::seconds(60)) << "without a stop it tries for 2 min";
}

TEST_F(RunOnceTest, KeepsItsJobThroughARestartOfTheController) {
  const std::string id = client_.Submit(LongJob());
  OnPulled([&] { controller_.Restart(); });

  const auto ending = Run(OptionsFor(id));

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(client_.Get(id).status(), rpc::COMPLETED);
  EXPECT_EQ(client_.Get(id).attempt(), 1);
}

TEST_F(RunOnceTest, TellsItsTrainersBeforeItReports) {
  std::string seen_status;
  std::string id;
  LineServer trainer([&](const std::string& line) -> LineServer::Reply {
    seen_status = rpc::JobStatus_Name(client_.Get(id).status());
    return {LineServer::Reply::Kind::kLine,
            api::WriteReply({.ok = true, .job_id = api::ReadSample(line)->job_id})};
  });
  feedback_.trainers = {trainer.address()};
  auto request = JobFor(Fixtures() / "ref.yuv", Fixtures() / "dist.yuv");
  request.set_namespace_("videos");
  id = client_.Submit(request);

  ASSERT_TRUE(Run(OptionsFor(id)).ok());

  const rpc::Job job = client_.Get(id);
  ASSERT_EQ(job.status(), rpc::COMPLETED);
  EXPECT_EQ(seen_status, "RUNNING");
  ASSERT_EQ(trainer.lines().size(), 1U);
  const auto sample = api::ReadSample(trainer.lines().front());
  ASSERT_TRUE(sample.ok()) << sample.error().message();
  EXPECT_EQ(sample->job_id, id);
  EXPECT_EQ(sample->ns, "videos");
  EXPECT_EQ(sample->true_score, job.final_score());
  EXPECT_EQ(sample->features.size(), features::Names().size());
  EXPECT_THAT(sample->features, Contains(::testing::Ne(0)));
}

TEST_F(RunOnceTest, TellsNothingOfAJobThatCannotBeScored) {
  LineServer trainer([](const std::string&) -> LineServer::Reply { return {}; });
  feedback_.trainers = {trainer.address()};

  EXPECT_EQ(Score(JobFor(Fixtures() / "ref.yuv", "/nonexistent")).status(), rpc::FAILED);
  EXPECT_EQ(trainer.accepted(), 0);
}

TEST_F(RunOnceTest, AStopWhileATrainerIsSilentSendsScoreAndSampleToTheController) {
  std::stop_source stop;
  LineServer trainer([&](const std::string&) -> LineServer::Reply {
    stop.request_stop();
    return {LineServer::Reply::Kind::kSilence, ""};
  });
  feedback_ = {.trainers = {"vmafx-trainer-a.videos.svc:9092"},
               .patience = std::chrono::minutes(10),
               .connect = [&](const std::string&, const base::Until& until) {
                 return net::LineStream::Connect(trainer.address(), until);
               }};
  auto request = JobFor(Fixtures() / "ref.yuv", Fixtures() / "dist.yuv");
  request.set_namespace_("videos");
  const std::string id = client_.Submit(request);

  const auto ending = Run(OptionsFor(id), stop.get_token());

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(*ending, Ending::kReported);
  EXPECT_EQ(client_.Get(id).status(), rpc::COMPLETED);
  EXPECT_THAT(Metrics(), HasSubstr("vmafx_controller_feedback_pending 1"));
}

TEST_F(RunOnceTest, HasNothingToDoForAFinishedJob) {
  const std::string id = client_.Submit(JobFor("/a", "/b"));
  client_.Cancel(id);

  const auto ending = Run(OptionsFor(id));

  ASSERT_TRUE(ending.ok());
  EXPECT_EQ(*ending, Ending::kNothingToDo);
}

TEST_F(RunOnceTest, FailsForAJobThatIsNotThere) {
  const auto ending = Run(OptionsFor("nope"));

  ASSERT_TRUE(ending.Is(Code::kNotFound));
  EXPECT_THAT(ending.error().message(), HasSubstr("job nope: no such job"));
  EXPECT_THAT(ending.error().message(), HasSubstr(controller_.address()));
}

TEST_F(RunOnceTest, GivesUpByNameOnAControllerThatCannotBeReached) {
  const std::string address = controller_.address();
  controller_.Stop();
  auto options = OptionsFor("any");
  options.connect_patience = std::chrono::milliseconds(300);
  options.session.first_backoff = std::chrono::milliseconds(50);

  const auto ending = Run(options);

  ASSERT_FALSE(ending.ok());
  EXPECT_THAT(ending.error().message(), HasSubstr("RegisterNode at controller " + address));
}

}  // namespace
}  // namespace vmafx::node
