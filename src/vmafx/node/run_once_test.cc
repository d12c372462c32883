#include "vmafx/node/run_once.h"

#include <cstdlib>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "sys/files.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::node {
namespace {

using base::Code;
using ::testing::HasSubstr;
namespace fs = std::filesystem;
namespace rpc = vmafx::controller::v1;
namespace clips = vmafx::scoring::testing;

constexpr scoring::Geometry kSmall{64, 64, {}};
constexpr scoring::Geometry kLarge{640, 360, {}};

fs::path Fixtures() {
  const char* sources = std::getenv("SEATRIAL_SOURCE_DIR");  // ctest sets it
  CHECK(sources != nullptr);
  return fs::path(sources) / "test/e2e/fixtures";
}

// Keeps the worker's lines; does something at once, on the worker's own thread, when it has pulled
// its job.
class HookSink final : public base::LogSink {
 public:
  void Write(base::Level level, std::string_view line) override {
    kept_.Write(level, line);
    if (line.starts_with("job pulled") && on_pulled) on_pulled();
  }
  std::vector<std::string> lines() const { return kept_.lines(); }

  std::function<void()> on_pulled;

 private:
  base::MemorySink kept_;
};

// The client's side of a real controller on loopback.
class RunOnceTest : public ::testing::Test {
 protected:
  RunOnceTest()
      : stub_(rpc::VmafxController::NewStub(
            grpc::CreateChannel(controller_.address(), grpc::InsecureChannelCredentials()))) {}

  template <typename Method, typename Request, typename Response>
  void Call(Method method, const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const auto status = (stub_.get()->*method)(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  static rpc::SubmitJobRequest JobFor(const fs::path& reference, const fs::path& distorted) {
    rpc::SubmitJobRequest request;
    request.set_pinned(true);
    auto& scoring = *request.mutable_scoring();
    scoring.set_reference("file://" + reference.string());
    scoring.set_distorted("file://" + distorted.string());
    auto& options = *scoring.mutable_options();
    options.set_width(64);
    options.set_height(64);
    options.set_pixel_format("420");
    options.set_bitdepth(8);
    return request;
  }

  std::string Submit(const rpc::SubmitJobRequest& request) {
    rpc::SubmitJobResponse response;
    Call(&rpc::VmafxController::Stub::SubmitJob, request, response);
    return response.job_id();
  }

  rpc::Job Get(const std::string& id) {
    rpc::GetJobRequest request;
    request.set_job_id(id);
    rpc::Job job;
    Call(&rpc::VmafxController::Stub::GetJob, request, job);
    return job;
  }

  void Cancel(const std::string& id) {
    rpc::CancelJobRequest request;
    request.set_job_id(id);
    rpc::CancelJobResponse response;
    Call(&rpc::VmafxController::Stub::CancelJob, request, response);
  }

  RunOnceOptions OptionsFor(const std::string& id) {
    RunOnceOptions options;
    options.job_id = id;
    options.session.identity = {.name = "pod-1"};
    options.session.heartbeat_interval = std::chrono::milliseconds(50);
    options.work.capacity.roots = {Fixtures(), folder_.path()};
    options.poll_interval = std::chrono::milliseconds(50);
    options.work.progress_interval = std::chrono::milliseconds(10);
    return options;
  }

  base::Result<Ending> Run(const RunOnceOptions& options, std::stop_token stop = {}) {
    const base::Log log(sink_, base::Level::kDebug);
    auto client = *ControllerClient::Make({.address = controller_.address()});
    Feedback feedback({}, clock_, log);
    return RunOnce(options, *client, feedback, clock_, log,
                   base::Until::After(clock_, std::chrono::seconds(120), std::move(stop)));
  }

  // Submits, runs, and returns the job as it is then; it must have been reported.
  rpc::Job Score(const rpc::SubmitJobRequest& request) {
    const std::string id = Submit(request);
    const auto ending = Run(OptionsFor(id));
    EXPECT_TRUE(ending.ok()) << ending.error().message();
    EXPECT_TRUE(ending.ok() && *ending == Ending::kReported);
    return Get(id);
  }

  fs::path WriteClip(const std::string& name, const scoring::Geometry& geometry, int frames,
                     clips::Side side) {
    return clips::WriteClip(folder_.path(), name, clips::MakeClip(geometry, frames, side));
  }

  fs::path WriteLongClip(const std::string& name, clips::Side side) {
    const std::string few = clips::MakeClip(kLarge, 4, side);
    std::string many;
    for (int i = 0; i < 30; ++i) many += few;
    return clips::WriteClip(folder_.path(), name, many);
  }

  // A pair that takes long enough to be interrupted.
  rpc::SubmitJobRequest LongJob() {
    auto request = JobFor(WriteLongClip("long-ref.yuv", clips::Side::kReference),
                          WriteLongClip("long-dist.yuv", clips::Side::kDistorted));
    request.mutable_scoring()->mutable_options()->set_width(640);
    request.mutable_scoring()->mutable_options()->set_height(360);
    return request;
  }

  base::SystemClock clock_;
  std::shared_ptr<HookSink> sink_ = std::make_shared<HookSink>();
  sys::TempDir folder_ = *sys::TempDir::Make("run_once");
  controller::testing::LocalController controller_{clock_};
  std::unique_ptr<rpc::VmafxController::Stub> stub_;
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
      {remote, "scheme s3 is not supported"},
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

TEST_F(RunOnceTest, StopsWhenItsJobIsCancelled) {
  const std::string id = Submit(LongJob());
  sink_->on_pulled = [&] { Cancel(id); };

  const auto ending = Run(OptionsFor(id));

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(*ending, Ending::kReported);
  EXPECT_EQ(Get(id).status(), rpc::CANCELLED);
  EXPECT_EQ(Get(id).final_score(), 0);
  EXPECT_THAT(sink_->lines(), ::testing::Contains(HasSubstr("cancelled by the controller")));
}

TEST_F(RunOnceTest, GivesItsJobBackWhenAskedToStopAndAnotherWorkerFinishesIt) {
  const std::string id = Submit(LongJob());
  std::stop_source stop;
  sink_->on_pulled = [&] { stop.request_stop(); };

  const auto ending = Run(OptionsFor(id), stop.get_token());

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(*ending, Ending::kInterrupted);
  const rpc::Job waiting = Get(id);
  EXPECT_EQ(waiting.status(), rpc::PENDING);
  EXPECT_EQ(waiting.error(), "node shutting down, job interrupted");
  EXPECT_EQ(waiting.lost_attempts(), 0);

  sink_->on_pulled = nullptr;
  auto second = OptionsFor(id);
  second.session.identity.name = "pod-2";
  ASSERT_TRUE(Run(second).ok());
  EXPECT_EQ(Get(id).status(), rpc::COMPLETED);
  EXPECT_EQ(Get(id).assigned_node(), "pod-2");
  EXPECT_EQ(Get(id).attempt(), 2);
}

TEST_F(RunOnceTest, KeepsItsJobThroughARestartOfTheController) {
  const std::string id = Submit(LongJob());
  sink_->on_pulled = [&] { controller_.Restart(); };

  const auto ending = Run(OptionsFor(id));

  ASSERT_TRUE(ending.ok()) << ending.error().message();
  EXPECT_EQ(Get(id).status(), rpc::COMPLETED);
  EXPECT_EQ(Get(id).attempt(), 1);
}

TEST_F(RunOnceTest, HasNothingToDoForAFinishedJob) {
  const std::string id = Submit(JobFor("/a", "/b"));
  Cancel(id);

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
