#include "vmafx/controller/grpc_server.h"

#include <algorithm>
#include <atomic>
#include <map>

#include <grpcpp/grpcpp.h>

#include "vmafx/api/status.h"
#include "vmafx/controller/translate.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using grpc::ServerContext;

namespace {

constexpr int kLargestMessage = 64 << 20;  // a final report with all frames of a long video
constexpr auto kLongestCall = std::chrono::seconds(30);
// gRPC's synchronous API cannot tell a waiting handler that its client is gone, so a quiet stream
// looks once in a while.
constexpr auto kClientCheck = std::chrono::seconds(1);

grpc::Status Answer(const Result<>& result) {
  return result.ok() ? grpc::Status::OK : api::ToGrpc(result.error());
}

class Service final : public v1::VmafxController::Service {
 public:
  Service(Dispatcher& dispatcher, base::Clock& clock) : dispatcher_(dispatcher), clock_(clock) {}

  grpc::Status SubmitJob(ServerContext* context, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override {
    return Answer(Submit(*request, *response, UntilOf(*context)));
  }

  grpc::Status GetJob(ServerContext* context, const v1::GetJobRequest* request,
                      v1::Job* response) override {
    auto job = dispatcher_.Get(request->job_id(), UntilOf(*context));
    if (!job.ok()) return api::ToGrpc(job.error());
    ToWire(*job, *response);
    return grpc::Status::OK;
  }

  grpc::Status CancelJob(ServerContext* context, const v1::CancelJobRequest* request,
                         v1::CancelJobResponse* response) override {
    auto job = dispatcher_.Cancel(request->job_id(), UntilOf(*context));
    if (!job.ok()) return api::ToGrpc(job.error());
    response->set_ok(true);
    response->set_message(job->status == Status::kCancelled
                              ? std::string("cancellation requested")
                              : fmt::format("the job is already {}", ToString(job->status)));
    return grpc::Status::OK;
  }

  grpc::Status ReleaseJob(ServerContext* context, const v1::ReleaseJobRequest* request,
                          v1::ReleaseJobResponse* response) override {
    const Until until = UntilOf(*context);
    auto job = request->give_up() ? dispatcher_.GiveUp(request->job_id(), request->reason(), until)
                                  : dispatcher_.Release(request->job_id(), request->assigned_node(),
                                                        request->reason(), until);
    if (!job.ok()) return api::ToGrpc(job.error());
    ToWire(*job, *response->mutable_job());
    return grpc::Status::OK;
  }

  grpc::Status StreamJobs(ServerContext* context, const v1::StreamJobsRequest* request,
                          grpc::ServerWriter<v1::Job>* writer) override;

  grpc::Status RegisterNode(ServerContext*, const v1::RegisterNodeRequest* request,
                            v1::RegisterNodeResponse* response) override {
    auto session = dispatcher_.Register(request->name(), FromWire(request->capability()));
    if (!session.ok()) return api::ToGrpc(session.error());
    response->set_node_id(session->id);
    response->set_session_token(session->token);
    return grpc::Status::OK;
  }

  grpc::Status Heartbeat(ServerContext*, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    std::vector<RunningJob> running;
    for (int i = 0; i < request->running_job_ids_size(); ++i) {
      running.push_back(
          {.id = request->running_job_ids(i),
           .attempt = i < request->running_attempts_size() ? request->running_attempts(i) : 0});
    }
    auto answer = dispatcher_.Heartbeat(request->node_id(), request->session_token(), running);
    response->set_ok(answer.known);
    for (auto& id : answer.cancel) response->add_cancel_job_ids(std::move(id));
    return grpc::Status::OK;
  }

  grpc::Status PullWork(ServerContext* context, const v1::PullWorkRequest* request,
                        v1::PullWorkResponse* response) override {
    auto job =
        dispatcher_.Pull(request->node_id(), request->session_token(),
                         FromWire(request->capability()), request->job_id(), UntilOf(*context));
    if (!job.ok()) return api::ToGrpc(job.error());
    if (*job) ToWire(**job, *response->mutable_job());
    return grpc::Status::OK;
  }

  grpc::Status ReportResult(ServerContext* context, const v1::ReportResultRequest* request,
                            v1::ReportResultResponse* response) override {
    return Answer(Report(*request, *response, UntilOf(*context)));
  }

 private:
  // The client's own deadline, and never longer than ours.
  Until UntilOf(const ServerContext& context) const {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    return Until::After(clock_, std::clamp<base::Duration>(left, base::Duration(0), kLongestCall));
  }

  Result<> Submit(const v1::SubmitJobRequest& request, v1::SubmitJobResponse& response,
                  const Until& until) {
    response.set_job_id(TRY(dispatcher_.Submit(TRY(FromWire(request)), until)));
    return base::Ok();
  }

  Result<> Report(const v1::ReportResultRequest& request, v1::ReportResultResponse& response,
                  const Until& until) {
    const RunningJob job{.id = request.job_id(), .attempt = request.attempt()};
    response.set_ok(true);
    if (request.final()) {
      return dispatcher_.ReportFinal(request.node_id(), request.session_token(), job,
                                     FromWire(request), until);
    }
    response.set_ok(TRY(dispatcher_.ReportPartial(request.node_id(), request.session_token(), job,
                                                  PartialFromWire(request))));
    return base::Ok();
  }

  Dispatcher& dispatcher_;
  base::Clock& clock_;
  std::atomic<int> followers_{0};
};

// Sends snapshots and changes of the jobs that match, each state once.
class JobStream {
 public:
  JobStream(const v1::StreamJobsRequest& request, grpc::ServerWriter<v1::Job>& writer)
      : writer_(writer) {
    for (int status : request.status_filter()) statuses_.push_back(static_cast<Status>(status));
  }

  const std::vector<Status>& statuses() const { return statuses_; }

  // False when the client is gone.
  bool Send(const Job& job) {
    int64_t& sent = sent_[job.id];
    if (job.revision <= sent) return true;
    sent = job.revision;
    if (!statuses_.empty() && std::ranges::find(statuses_, job.status) == statuses_.end()) {
      return true;
    }
    v1::Job wire;
    ToWire(job, wire);
    const bool alive = writer_.Write(wire);
    if (IsFinished(job.status)) sent_.erase(job.id);  // it changes no more
    return alive;
  }

 private:
  grpc::ServerWriter<v1::Job>& writer_;
  std::vector<Status> statuses_;
  std::map<std::string, int64_t> sent_;  // revision by job
};

grpc::Status Service::StreamJobs(ServerContext* context, const v1::StreamJobsRequest* request,
                                 grpc::ServerWriter<v1::Job>* writer) {
  struct Count {
    std::atomic<int>& count;
    const int now = ++count;
    ~Count() { --count; }
  } count{followers_};
  if (request->follow() && count.now > GrpcServer::kMostFollowers) {
    return api::ToGrpc(Fail(Code::kUnavailable, "{} streams are open, no more are served",
                            GrpcServer::kMostFollowers));
  }
  // First subscribe, then read: a change between the two comes twice rather than never.
  auto changes = request->follow() ? dispatcher_.Subscribe() : nullptr;
  JobStream stream(*request, *writer);
  auto jobs = dispatcher_.List(request->follow() ? std::vector<Status>() : stream.statuses(),
                               UntilOf(*context));
  if (!jobs.ok()) return api::ToGrpc(jobs.error());
  for (const Job& job : *jobs) {
    if (!stream.Send(job)) return grpc::Status::OK;
  }
  if (!changes) return grpc::Status::OK;

  while (!context->IsCancelled()) {
    auto next = changes->Next(Until::After(clock_, kClientCheck));
    if (next.Is(Code::kTimeout)) continue;
    if (!next.ok()) return api::ToGrpc(next.error());
    for (const auto& job : *next) {
      if (!stream.Send(*job)) return grpc::Status::OK;
    }
  }
  return grpc::Status::CANCELLED;
}

}  // namespace

struct GrpcServer::State {
  Service service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& address,
                                                      Dispatcher& dispatcher, base::Clock& clock,
                                                      base::Log log) {
  auto state = std::unique_ptr<State>(new State{.service = {dispatcher, clock}});
  grpc::ServerBuilder builder;
  const std::string listen = address.starts_with(':') ? "0.0.0.0" + address : address;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &state->port);
  builder.RegisterService(&state->service);
  builder.SetMaxReceiveMessageSize(kLargestMessage);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // Notices clients that vanished without a word, and lets them ask as often.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return Fail(Code::kUnavailable,
                "cannot listen on {} for gRPC: is the address right and the port free?", listen);
  }
  log.Info("gRPC listening", {{"address", listen}, {"port", state->port}});
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

GrpcServer::~GrpcServer() {
  Stop(base::Duration(0));
}

int GrpcServer::port() const {
  return state_->port;
}

void GrpcServer::Stop(base::Duration grace) {
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           std::chrono::duration_cast<std::chrono::microseconds>(grace));
  state_->server->Wait();
}

}  // namespace vmafx::controller
