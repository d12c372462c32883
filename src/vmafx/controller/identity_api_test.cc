// Who calls, asked of a real kube-apiserver, over a real gRPC connection.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "value/json.h"
#include "vmafx/api/names.h"
#include "vmafx/controller/testing/local_controller.h"
#include "vmafx/controller/token_review.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::controller {
namespace {

using grpc::StatusCode;
using ::testing::HasSubstr;
using value::Json;

class IdentityApiTest : public ::testing::Test {
 protected:
  using Stub = v1::VmafxController::Stub;

  void SetUp() override {
    client_ = kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere());
    ns_ = std::make_unique<kube::testing::TestNamespace>(*client_);
    other_ = ns_->name() + "-other";
    MakeNamespace(other_);
    Options options;
    options.auth = {.mode = AuthOptions::Mode::kKubernetes,
                    .operators = {ns_->name() + ":operator"},
                    .pool_nodes = {ns_->name() + ":pool"}};
    options.kubernetes = kube::testing::SharedApiServer().Admin();
    controller_ = std::make_unique<testing::LocalController>(clock_, options);
    stub_ = v1::VmafxController::NewStub(
        grpc::CreateChannel(controller_->address(), grpc::InsecureChannelCredentials()));
  }

  base::Until Soon() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  void MakeNamespace(const std::string& name) {
    Create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
  }
  Json Create(const Json& object) {
    auto made = client_->Create(kube::Object(object), Soon());
    EXPECT_TRUE(made.ok()) << made.error().message();
    return made.ok() ? made->json() : Json::object();
  }
  void MakeAccount(const std::string& ns, const std::string& name) {
    Create({{"apiVersion", "v1"},
            {"kind", "ServiceAccount"},
            {"metadata", {{"name", name}, {"namespace", ns}}}});
  }
  // The Pod's uid.
  std::string MakePod(const std::string& ns, const std::string& name, const std::string& account) {
    const Json container = {{"name", "worker"}, {"image", "none"}};
    return Create({{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", {{"name", name}, {"namespace", ns}}},
                   {"spec",
                    {{"serviceAccountName", account},
                     {"automountServiceAccountToken", false},
                     {"containers", Json::array({container})}}}})["metadata"]["uid"];
  }
  // As the kubelet asks for a projected volume's token.
  // https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
  std::string Token(const std::string& ns, const std::string& account, const std::string& pod = "",
                    const std::string& uid = "",
                    std::string_view audience = api::kControllerAudience) {
    Json spec = {{"audiences", Json::array({std::string(audience)})}, {"expirationSeconds", 600}};
    if (!pod.empty()) {
      spec["boundObjectRef"] = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod}, {"uid", uid}};
    }
    const Json request = {
        {"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", spec}};
    auto answer = client_->Raw(
        "POST", fmt::format("/api/v1/namespaces/{}/serviceaccounts/{}/token", ns, account),
        request.dump(), Soon());
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return answer.ok() ? Json::parse(*answer)["status"]["token"].get<std::string>() : "";
  }
  // A token as a worker Pod of `ns` has it.
  std::string PodToken(const std::string& ns, const std::string& pod) {
    const std::string account = "account-of-" + pod;
    MakeAccount(ns, account);
    return Token(ns, account, pod, MakePod(ns, pod, account));
  }
  std::string AccountToken(const std::string& account) {
    MakeAccount(ns_->name(), account);
    return Token(ns_->name(), account);
  }

  template <typename Method, typename Request, typename Response>
  grpc::Status Call(const std::string& token, Method method, const Request& request,
                    Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    context.set_wait_for_ready(true);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    return (stub_.get()->*method)(&context, request, &response);
  }

  grpc::Status Register(const std::string& token, const std::string& name, const std::string& ns,
                        v1::RegisterNodeResponse& session, bool pool = false) {
    v1::RegisterNodeRequest request;
    request.set_name(name);
    request.set_namespace_(ns);
    request.set_pool(pool);
    return Call(token, &Stub::RegisterNode, request, session);
  }
  grpc::Status Pull(const std::string& token, const v1::RegisterNodeResponse& session,
                    const std::string& job, v1::PullWorkResponse& pulled) {
    v1::PullWorkRequest request;
    request.set_node_id(session.node_id());
    request.set_session_token(session.session_token());
    request.set_job_id(job);
    return Call(token, &Stub::PullWork, request, pulled);
  }
  std::string Submit(const std::string& token, const std::string& ns, bool pinned) {
    v1::SubmitJobRequest request;
    request.mutable_scoring()->set_reference("file:///r");
    request.mutable_scoring()->set_distorted("file:///d");
    request.set_namespace_(ns);
    request.set_pinned(pinned);
    v1::SubmitJobResponse response;
    const auto status = Call(token, &Stub::SubmitJob, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.job_id();
  }

  // Which calls a token may make at all: their names. What is asked is nonsense, so that those that
  // are let in fail in another way.
  std::string AllowedCalls(const std::string& token) {
    std::string allowed;
    const auto note = [&](const char* name, const grpc::Status& status) {
      const bool refused = status.error_code() == StatusCode::UNAUTHENTICATED ||
                           (status.error_code() == StatusCode::PERMISSION_DENIED &&
                            status.error_message().find("may not call") != std::string::npos);
      if (!refused) allowed += std::string(name) + " ";
    };
    v1::SubmitJobResponse submitted;
    note("SubmitJob", Call(token, &Stub::SubmitJob, v1::SubmitJobRequest(), submitted));
    v1::Job job;
    note("GetJob", Call(token, &Stub::GetJob, v1::GetJobRequest(), job));
    v1::CancelJobResponse cancelled;
    note("CancelJob", Call(token, &Stub::CancelJob, v1::CancelJobRequest(), cancelled));
    note("StreamJobs", Stream(token));
    v1::ReleaseJobResponse released;
    note("ReleaseJob", Call(token, &Stub::ReleaseJob, v1::ReleaseJobRequest(), released));
    v1::ListNodesResponse nodes;
    note("ListNodes", Call(token, &Stub::ListNodes, v1::ListNodesRequest(), nodes));
    v1::RegisterNodeResponse registered;
    note("RegisterNode", Call(token, &Stub::RegisterNode, v1::RegisterNodeRequest(), registered));
    v1::HeartbeatResponse beaten;
    note("Heartbeat", Call(token, &Stub::Heartbeat, v1::HeartbeatRequest(), beaten));
    v1::PullWorkResponse pulled;
    note("PullWork", Call(token, &Stub::PullWork, v1::PullWorkRequest(), pulled));
    v1::ReportResultResponse reported;
    note("ReportResult", Call(token, &Stub::ReportResult, v1::ReportResultRequest(), reported));
    return allowed;
  }
  grpc::Status Stream(const std::string& token) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    auto reader = stub_->StreamJobs(&context, v1::StreamJobsRequest());
    v1::Job job;
    while (reader->Read(&job)) {
    }
    return reader->Finish();
  }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::testing::TestNamespace> ns_;
  std::string other_;
  std::unique_ptr<testing::LocalController> controller_;
  std::unique_ptr<Stub> stub_;
};

TEST_F(IdentityApiTest, GivesEachAccountItsCallsAndNoOthers) {
  const std::string operators = AccountToken("operator");

  EXPECT_EQ(AllowedCalls(operators), "SubmitJob GetJob CancelJob StreamJobs ReleaseJob ListNodes ");
  EXPECT_EQ(AllowedCalls(AccountToken("pool")), "RegisterNode Heartbeat PullWork ReportResult ");
  EXPECT_EQ(AllowedCalls(PodToken(ns_->name(), "job-1")),
            "RegisterNode Heartbeat PullWork ReportResult ");
}

TEST_F(IdentityApiTest, LetsNobodyInWithoutATokenForIt) {
  MakeAccount(ns_->name(), "operator");
  std::string forged = Token(ns_->name(), "operator");
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';

  EXPECT_EQ(AllowedCalls(""), "");
  EXPECT_EQ(AllowedCalls("nonsense"), "");
  EXPECT_EQ(AllowedCalls(forged), "");
  // One for the API server itself, as every Pod used to have.
  EXPECT_EQ(AllowedCalls(Token(ns_->name(), "operator", "", "",
                               "https://kubernetes.default.svc.cluster.local")),
            "");
}

TEST_F(IdentityApiTest, LetsAWorkerDoItsOwnNamespacesPinnedJobsOnly) {
  const std::string operators = AccountToken("operator");
  const std::string worker = PodToken(ns_->name(), "job-1");
  const std::string own = Submit(operators, ns_->name(), true);
  const std::string foreign = Submit(operators, other_, true);
  const std::string free = Submit(operators, ns_->name(), false);
  v1::RegisterNodeResponse session;
  v1::PullWorkResponse pulled;
  ASSERT_TRUE(Register(worker, "job-1", ns_->name(), session).ok());

  EXPECT_TRUE(Pull(worker, session, own, pulled).ok());
  EXPECT_EQ(pulled.job().id(), own);
  for (const std::string& job : {foreign, free, std::string("no-such-job"), std::string()}) {
    v1::PullWorkResponse refused;
    EXPECT_EQ(Pull(worker, session, job, refused).error_code(), StatusCode::PERMISSION_DENIED)
        << job;
  }
}

TEST_F(IdentityApiTest, LetsAWorkerBeNobodyElse) {
  const std::string worker = PodToken(ns_->name(), "job-1");
  const std::string twin = PodToken(other_, "job-1");
  v1::RegisterNodeResponse session;

  EXPECT_EQ(Register(worker, "job-2", ns_->name(), session).error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Register(worker, "job-1", other_, session).error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Register(worker, "job-1", ns_->name(), session, true).error_code(),
            StatusCode::PERMISSION_DENIED);
  ASSERT_TRUE(Register(worker, "job-1", ns_->name(), session).ok());
  // Somebody else's session is of no use, even to a Pod of the same name.
  v1::PullWorkResponse pulled;
  EXPECT_EQ(Pull(twin, session, "any", pulled).error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(IdentityApiTest, RefusesTheReportOfAPodOfTheSameNameInAnotherNamespace) {
  const std::string operators = AccountToken("operator");
  const std::string worker = PodToken(ns_->name(), "job-1");
  const std::string twin = PodToken(other_, "job-1");
  const std::string own = Submit(operators, ns_->name(), true);
  v1::RegisterNodeResponse session;
  v1::RegisterNodeResponse twins;
  v1::PullWorkResponse pulled;
  ASSERT_TRUE(Register(worker, "job-1", ns_->name(), session).ok());
  ASSERT_TRUE(Register(twin, "job-1", other_, twins).ok());
  ASSERT_TRUE(Pull(worker, session, own, pulled).ok());

  v1::ReportResultRequest report;
  report.set_node_id(twins.node_id());
  report.set_session_token(twins.session_token());
  report.set_job_id(own);
  report.set_attempt(pulled.job().attempt());
  report.set_final(true);
  report.set_score(100);
  v1::ReportResultResponse reported;
  EXPECT_EQ(Call(twin, &Stub::ReportResult, report, reported).error_code(),
            StatusCode::PERMISSION_DENIED);

  v1::HeartbeatRequest beat;
  beat.set_node_id(twins.node_id());
  beat.set_session_token(twins.session_token());
  beat.add_running_job_ids(own);
  beat.add_running_attempts(pulled.job().attempt());
  v1::HeartbeatResponse beaten;
  ASSERT_TRUE(Call(twin, &Stub::Heartbeat, beat, beaten).ok());
  EXPECT_EQ(beaten.cancel_job_ids_size(), 1) << "its lease was renewed by a stranger";
}

TEST_F(IdentityApiTest, RefusesAWorkerWhoseTokenIsBoundToNoPod) {
  v1::RegisterNodeResponse session;

  const auto status = Register(AccountToken("default-like"), "job-1", ns_->name(), session);

  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("bound to no Pod"));
}

TEST_F(IdentityApiTest, LetsThePoolTakeUnpinnedJobsOfAll) {
  const std::string operators = AccountToken("operator");
  const std::string pool = AccountToken("pool");
  const std::string free = Submit(operators, other_, false);
  v1::RegisterNodeResponse session;
  v1::PullWorkResponse pulled;
  ASSERT_TRUE(Register(pool, "pool-0", ns_->name(), session, true).ok());

  ASSERT_TRUE(Pull(pool, session, "", pulled).ok());
  EXPECT_EQ(pulled.job().id(), free);

  v1::ListNodesResponse nodes;
  ASSERT_TRUE(Call(operators, &Stub::ListNodes, v1::ListNodesRequest(), nodes).ok());
  ASSERT_EQ(nodes.nodes_size(), 1);
  EXPECT_TRUE(nodes.nodes(0).pool());
  EXPECT_TRUE(nodes.nodes(0).live());
}

TEST_F(IdentityApiTest, ForgetsATokenAMinuteAfterItsPodIsGone) {
  base::FakeClock clock;
  auto reviewer = *TokenReviewer::Make(
      {}, kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere()), clock);
  const std::string token = PodToken(ns_->name(), "job-1");
  const auto review = [&] {
    return reviewer->Review(token, "its hash", base::Until::After(clock, std::chrono::hours(1)));
  };
  const auto caller = review();
  ASSERT_TRUE(caller.ok()) << caller.error().message();
  EXPECT_EQ(caller->pod, "job-1");
  EXPECT_EQ(caller->role, Role::kWorker);

  const auto deleted =
      client_->Delete({"", "v1", "Pod"}, {ns_->name(), "job-1"}, {.grace_seconds = 0}, Soon());
  ASSERT_TRUE(deleted.ok()) << deleted.error().message();

  EXPECT_TRUE(review().ok());
  // The API server itself remembers for 10 s.
  const auto patience = Soon();
  do {
    ASSERT_TRUE(patience.Pause(std::chrono::milliseconds(200)));
    clock.Advance(std::chrono::seconds(61));
  } while (review().ok());
  EXPECT_TRUE(review().Is(base::Code::kDenied));
}

TEST_F(IdentityApiTest, AsksAgainLaterWhenKubernetesDoesNotAnswer) {
  Options options;
  options.auth.mode = AuthOptions::Mode::kKubernetes;
  options.kubernetes = kube::testing::SharedApiServer().Admin();
  options.kubernetes->server = "https://127.0.0.1:1";
  testing::LocalController lonely(clock_, options);
  stub_ = v1::VmafxController::NewStub(
      grpc::CreateChannel(lonely.address(), grpc::InsecureChannelCredentials()));
  v1::ListNodesResponse nodes;

  const auto status = Call("some-token", &Stub::ListNodes, v1::ListNodesRequest(), nodes);

  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
}

}  // namespace
}  // namespace vmafx::controller
