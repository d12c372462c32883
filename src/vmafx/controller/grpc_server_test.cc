#include "vmafx/controller/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "net/http.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::controller {
namespace {

using ::testing::HasSubstr;

class GrpcServerTest : public ::testing::Test {
 protected:
  using Stub = v1::VmafxController::Stub;

  GrpcServerTest() : stub_(MakeStub()) {}

  std::unique_ptr<Stub> MakeStub() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    return v1::VmafxController::NewStub(grpc::CreateCustomChannel(
        controller_.address(), grpc::InsecureChannelCredentials(), arguments));
  }

  // One call with a deadline; waits for a server that is starting. Sent again when it went out on a
  // connection that was just being closed by a server that stops, as every client must.
  template <typename Method, typename Request, typename Response>
  grpc::Status Call(Method method, const Request& request, Response& response) {
    constexpr int kAttempts = 3;
    grpc::Status status;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      status = (stub_.get()->*method)(&context, request, &response);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE) break;
    }
    return status;
  }

  std::string Submit(const std::string& key = "", bool pinned = true) {
    v1::SubmitJobRequest request;
    request.mutable_scoring()->set_reference("file:///ref.yuv");
    request.mutable_scoring()->set_distorted("file:///dist.yuv");
    request.set_idempotency_key(key);
    request.set_pinned(pinned);
    v1::SubmitJobResponse response;
    const auto status = Call(&Stub::SubmitJob, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job_id();
  }

  v1::RegisterNodeResponse Register(const std::string& name) {
    v1::RegisterNodeRequest request;
    request.set_name(name);
    request.mutable_capability()->add_backends("cpu");
    v1::RegisterNodeResponse response;
    EXPECT_TRUE(Call(&Stub::RegisterNode, request, response).ok());
    return response;
  }

  v1::Job Pull(const v1::RegisterNodeResponse& session, const std::string& id) {
    v1::PullWorkRequest request;
    request.set_node_id(session.node_id());
    request.set_session_token(session.session_token());
    request.set_job_id(id);
    v1::PullWorkResponse response;
    EXPECT_TRUE(Call(&Stub::PullWork, request, response).ok());
    return response.job();
  }

  v1::Job Get(const std::string& id) {
    v1::GetJobRequest request;
    request.set_job_id(id);
    v1::Job job;
    EXPECT_TRUE(Call(&Stub::GetJob, request, job).ok());
    return job;
  }

  base::SystemClock clock_;
  testing::LocalController controller_{clock_};
  std::unique_ptr<Stub> stub_;
};

// An open StreamJobs with follow, read on the test's thread.
class Follower {
 public:
  explicit Follower(v1::VmafxController::Stub& stub) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::StreamJobsRequest request;
    request.set_follow(true);
    reader_ = stub.StreamJobs(&context_, request);
  }
  ~Follower() {
    context_.TryCancel();
    if (reader_) (void)Finish().ok();
  }

  // The next state, "" at the end of the stream.
  std::string Next() {
    v1::Job job;
    if (!reader_->Read(&job)) return "";
    return v1::JobStatus_Name(job.status()) + " " + job.id();
  }
  grpc::Status Finish() {
    v1::Job job;
    while (reader_->Read(&job)) {
    }
    return std::exchange(reader_, nullptr)->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Job>> reader_;
};

TEST_F(GrpcServerTest, CarriesAJobFromSubmissionToItsResult) {
  const std::string id = Submit("uid-1");
  const auto session = Register("pod-1");
  const v1::Job job = Pull(session, id);
  ASSERT_EQ(job.id(), id);
  v1::ReportResultRequest report;
  report.set_node_id(session.node_id());
  report.set_session_token(session.session_token());
  report.set_job_id(id);
  report.set_attempt(job.attempt());
  report.set_final(true);
  report.set_score(87.25);
  (*report.mutable_features())["adm2"] = 0.9;
  report.mutable_pooled()->set_p5(80.5);
  report.mutable_provenance()->set_library("libvmaf 3.0.0");
  report.add_partial_scores(87.25);
  auto& series = *report.add_series();
  series.set_name("adm2");
  series.add_values(0.9);

  v1::ReportResultResponse response;
  ASSERT_TRUE(Call(&Stub::ReportResult, report, response).ok());

  const v1::Job finished = Get(id);
  EXPECT_EQ(finished.status(), v1::COMPLETED);
  EXPECT_EQ(finished.final_score(), 87.25);
  EXPECT_EQ(finished.features().at("adm2"), 0.9);
  EXPECT_EQ(finished.pooled().p5(), 80.5);
  EXPECT_EQ(finished.provenance().library(), "libvmaf 3.0.0");
  EXPECT_EQ(finished.assigned_node(), "pod-1");
  ASSERT_EQ(finished.partial_results_size(), 1);
  ASSERT_EQ(finished.series_size(), 1);
  EXPECT_EQ(finished.series(0).values(0), 0.9);
}

TEST_F(GrpcServerTest, StreamsTheSnapshotAndThenEveryChange) {
  const std::string before = Submit();
  Follower follower(*stub_);
  EXPECT_EQ(follower.Next(), "PENDING " + before);

  const std::string after = Submit();
  EXPECT_EQ(follower.Next(), "PENDING " + after);
  Pull(Register("pod-1"), after);
  EXPECT_EQ(follower.Next(), "RUNNING " + after);
  v1::CancelJobRequest cancel;
  cancel.set_job_id(after);
  v1::CancelJobResponse cancelled;
  ASSERT_TRUE(Call(&Stub::CancelJob, cancel, cancelled).ok());
  EXPECT_EQ(follower.Next(), "CANCELLED " + after);
}

TEST_F(GrpcServerTest, ClosesTheStreamAfterTheSnapshotWithoutFollow) {
  Submit();
  const std::string running = Submit();
  Pull(Register("pod-1"), running);
  grpc::ClientContext context;
  v1::StreamJobsRequest request;
  request.add_status_filter(v1::RUNNING);
  auto reader = stub_->StreamJobs(&context, request);

  std::vector<std::string> ids;
  for (v1::Job job; reader->Read(&job);) ids.push_back(job.id());

  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_THAT(ids, ::testing::ElementsAre(running));
}

TEST_F(GrpcServerTest, ListsItsWorkersWithWhatTheySaidOfThemselves) {
  v1::RegisterNodeRequest request;
  request.set_name("pool-0");
  request.set_namespace_("team-a");
  request.set_vmafx_node("node-a");
  request.set_device("cpu: 2 threads");
  request.set_pool(true);
  request.mutable_capability()->add_backends("cpu");
  v1::RegisterNodeResponse session;
  ASSERT_TRUE(Call(&Stub::RegisterNode, request, session).ok());
  v1::HeartbeatRequest beat;
  beat.set_node_id(session.node_id());
  beat.set_session_token(session.session_token());
  beat.set_jobs_running(2);
  v1::HeartbeatResponse beaten;
  ASSERT_TRUE(Call(&Stub::Heartbeat, beat, beaten).ok());

  v1::ListNodesRequest all;
  v1::ListNodesResponse nodes;
  ASSERT_TRUE(Call(&Stub::ListNodes, all, nodes).ok());
  ASSERT_EQ(nodes.nodes_size(), 1);
  const v1::Node& node = nodes.nodes(0);
  EXPECT_EQ(node.name(), "pool-0");
  EXPECT_EQ(node.namespace_(), "team-a");
  EXPECT_EQ(node.vmafx_node(), "node-a");
  EXPECT_EQ(node.device(), "cpu: 2 threads");
  EXPECT_EQ(node.capability().backends(0), "cpu");
  EXPECT_EQ(node.jobs_running(), 2);
  EXPECT_TRUE(node.pool());
  EXPECT_TRUE(node.live());
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(clock_.WallNow().time_since_epoch());
  EXPECT_NEAR(static_cast<double>(node.last_seen_ms()), static_cast<double>(now.count()), 60e3);

  v1::ListNodesRequest others;
  others.set_namespace_("team-b");
  ASSERT_TRUE(Call(&Stub::ListNodes, others, nodes).ok());
  EXPECT_EQ(nodes.nodes_size(), 0);
}

TEST_F(GrpcServerTest, KeepsAllOfAWorkersProvenance) {
  const std::string id = Submit();
  const auto session = Register("pod-1");
  const auto job = Pull(session, id);
  v1::ReportResultRequest report;
  report.set_node_id(session.node_id());
  report.set_session_token(session.session_token());
  report.set_job_id(id);
  report.set_attempt(job.attempt());
  report.set_final(true);
  report.set_score(50);
  report.mutable_provenance()->set_model("vmaf_v0.6.1");
  report.mutable_provenance()->set_model_sha256("0123456789abcdef");
  report.mutable_provenance()->set_backend_used("cpu");
  report.mutable_provenance()->add_feature_backends()->set_extractor("adm");
  v1::ReportResultResponse reported;
  ASSERT_TRUE(Call(&Stub::ReportResult, report, reported).ok());

  EXPECT_EQ(Get(id).provenance().SerializeAsString(), report.provenance().SerializeAsString());
}

TEST_F(GrpcServerTest, RefusesFeedbackForWhoIsNoTrainerOfTheJobsNamespace) {
  const std::string id = Submit();
  const auto session = Register("pod-1");
  Pull(session, id);
  v1::ReportResultRequest report;
  report.set_node_id(session.node_id());
  report.set_session_token(session.session_token());
  report.set_job_id(id);
  report.set_final(true);
  auto& feedback = *report.add_feedback();
  feedback.set_trainer("metadata.internal:80");
  feedback.set_sample(fmt::format(R"({{"job_id":"{}","features":[1],"true_score":1}})", id));
  v1::ReportResultResponse reported;

  const auto status = Call(&Stub::ReportResult, report, reported);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("metadata.internal:80"));
}

TEST_F(GrpcServerTest, EndsOpenStreamsWhenItStops) {
  Follower follower(*stub_);
  const std::string id = Submit();
  ASSERT_EQ(follower.Next(), "PENDING " + id);

  // A grace that is over would end the stream in other words.
  base::Crew crew;
  crew.Start("stop", [&](std::stop_token) { controller_.Stop(std::chrono::minutes(1)); });

  const auto status = follower.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the controller is shutting down");
}

TEST_F(GrpcServerTest, KeepsItsJobsAcrossARestartOnTheSamePort) {
  const std::string id = Submit("uid-1");

  controller_.Restart();

  EXPECT_EQ(Get(id).status(), v1::PENDING);
  EXPECT_EQ(Submit("uid-1"), id);
}

TEST_F(GrpcServerTest, RefusesWithAStatusThatSaysWhy) {
  v1::SubmitJobRequest empty;
  v1::SubmitJobResponse submitted;
  EXPECT_EQ(Call(&Stub::SubmitJob, empty, submitted).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);

  v1::SubmitJobRequest odd;
  odd.mutable_scoring()->set_reference("/r");
  odd.mutable_scoring()->set_distorted("/d");
  odd.mutable_scoring()->mutable_options()->set_width(64);
  odd.mutable_scoring()->mutable_options()->set_subsample(2);
  const auto refused = Call(&Stub::SubmitJob, odd, submitted);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(refused.error_message(), HasSubstr("option subsample is not supported"));
  EXPECT_THAT(refused.error_message(), HasSubstr("height, pixel_format, bitdepth missing"));

  v1::GetJobRequest unknown;
  unknown.set_job_id("nope");
  v1::Job job;
  EXPECT_EQ(Call(&Stub::GetJob, unknown, job).error_code(), grpc::StatusCode::NOT_FOUND);

  v1::PullWorkRequest stranger;
  v1::PullWorkResponse pulled;
  EXPECT_EQ(Call(&Stub::PullWork, stranger, pulled).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);

  v1::HeartbeatRequest beat;
  v1::HeartbeatResponse beaten;
  ASSERT_TRUE(Call(&Stub::Heartbeat, beat, beaten).ok());
  EXPECT_FALSE(beaten.ok());
}

TEST_F(GrpcServerTest, FailsByNameWhenItsPortIsTaken) {
  const auto folder = *sys::TempDir::Make("taken");
  const Options taken{.grpc_listen = controller_.address(),
                      .http_listen = "127.0.0.1:0",
                      .dispatcher = {.database = folder.path() / "jobs.db"}};
  const auto second = Controller::Start(taken, clock_, base::Log::Nowhere());

  ASSERT_TRUE(second.Is(base::Code::kUnavailable));
  EXPECT_THAT(second.error().message(), HasSubstr(controller_.address()));
}

class HttpServerTest : public GrpcServerTest {
 protected:
  net::Response Send(const std::string& method, const std::string& path) {
    auto response =
        http_->Send({.method = method,
                     .url = fmt::format("http://127.0.0.1:{}{}", controller_.http_port(), path)},
                    base::Until::After(clock_, std::chrono::seconds(60)));
    EXPECT_TRUE(response.ok()) << response.error().message();
    return response.ok() ? *std::move(response) : net::Response{};
  }
  std::unique_ptr<net::Http> http_ = net::MakeCurlHttp({});
};

TEST_F(HttpServerTest, AnswersProbesAndMetrics) {
  Submit();

  EXPECT_EQ(Send("GET", "/healthz").body, R"({"status":"ok"})");
  EXPECT_EQ(Send("GET", "/livez").status, 200);
  EXPECT_EQ(Send("GET", "/readyz").body, R"({"status":"ready"})");
  const auto metrics = Send("GET", "/metrics");
  EXPECT_EQ(metrics.headers.at("content-type"), "text/plain; version=0.0.4");
  EXPECT_THAT(metrics.body,
              HasSubstr("vmafx_controller_jobs_submitted_total{tenant=\"default\"} 1"));
  EXPECT_EQ(Send("GET", "/nope").status, 404);
  EXPECT_EQ(Send("DELETE", "/healthz").status, 405);
}

TEST_F(HttpServerTest, IsNotReadyOnceItStops) {
  controller_.Stop();

  const auto ready = Send("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, R"({"reason":"shutting down","status":"not ready"})");
  EXPECT_EQ(Send("GET", "/livez").status, 200);
}

}  // namespace
}  // namespace vmafx::controller
