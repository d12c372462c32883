#include "vmafx/controller/grpc_server.h"

#include <algorithm>
#include <atomic>

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "vmafx/api/status.h"
#include "vmafx/controller/confine.h"
#include "vmafx/controller/job_stream.h"
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
constexpr int kLeastPollers = 2;
constexpr int kMostPollers = 16;
constexpr auto kLongestCall = std::chrono::seconds(30);
// gRPC's synchronous API cannot tell a waiting handler that its client is gone, so a quiet stream
// looks once in a while.
constexpr auto kClientCheck = std::chrono::seconds(1);

std::string_view AuthorizationOf(const ServerContext& context) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return {};
  return {found->second.data(), found->second.size()};
}

class Service final : public v1::VmafxController::Service {
 public:
  Service(Dispatcher& dispatcher, Authenticator& authenticator, base::Clock& clock)
      : dispatcher_(dispatcher), authenticator_(authenticator), clock_(clock) {}

  grpc::Status SubmitJob(ServerContext* context, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override {
    return Serve(*context, Action::kSubmitJob, [&](const Caller&, const Until& until) -> Result<> {
      response->set_job_id(TRY(dispatcher_.Submit(TRY(FromWire(*request)), until)));
      return base::Ok();
    });
  }

  grpc::Status GetJob(ServerContext* context, const v1::GetJobRequest* request,
                      v1::Job* response) override {
    return Serve(*context, Action::kGetJob, [&](const Caller&, const Until& until) -> Result<> {
      ToWire(TRY(dispatcher_.Get(request->job_id(), until)), *response);
      return base::Ok();
    });
  }

  grpc::Status CancelJob(ServerContext* context, const v1::CancelJobRequest* request,
                         v1::CancelJobResponse* response) override {
    return Serve(*context, Action::kCancelJob, [&](const Caller&, const Until& until) -> Result<> {
      const Job job = TRY(dispatcher_.Cancel(request->job_id(), until));
      response->set_ok(true);
      response->set_message(job.status == Status::kCancelled
                                ? std::string("cancellation requested")
                                : fmt::format("the job is already {}", ToString(job.status)));
      return base::Ok();
    });
  }

  grpc::Status ReleaseJob(ServerContext* context, const v1::ReleaseJobRequest* request,
                          v1::ReleaseJobResponse* response) override {
    return Serve(*context, Action::kReleaseJob, [&](const Caller&, const Until& until) -> Result<> {
      const std::string& id = request->job_id();
      const Job job =
          request->give_up()
              ? TRY(dispatcher_.GiveUp(id, request->reason(), until))
              : TRY(dispatcher_.Release(id, request->assigned_node(), request->reason(), until));
      ToWire(job, *response->mutable_job());
      return base::Ok();
    });
  }

  grpc::Status ListNodes(ServerContext* context, const v1::ListNodesRequest* request,
                         v1::ListNodesResponse* response) override {
    return Serve(*context, Action::kListNodes, [&](const Caller&, const Until&) -> Result<> {
      for (const NodeView& node : dispatcher_.Nodes(request->namespace_())) {
        ToWire(node, *response->add_nodes());
      }
      return base::Ok();
    });
  }

  grpc::Status StreamJobs(ServerContext* context, const v1::StreamJobsRequest* request,
                          grpc::ServerWriter<v1::Job>* writer) override;

  grpc::Status RegisterNode(ServerContext* context, const v1::RegisterNodeRequest* request,
                            v1::RegisterNodeResponse* response) override {
    return Serve(*context, Action::kRegisterNode,
                 [&](const Caller& caller, const Until&) -> Result<> {
                   const Session session =
                       TRY(dispatcher_.Register(TRY(Confine(FromWire(*request), caller))));
                   response->set_node_id(session.id);
                   response->set_session_token(session.token);
                   return base::Ok();
                 });
  }

  grpc::Status Heartbeat(ServerContext* context, const v1::HeartbeatRequest* request,
                         v1::HeartbeatResponse* response) override {
    return Serve(*context, Action::kHeartbeat, [&](const Caller& caller, const Until&) -> Result<> {
      std::vector<RunningJob> running;
      for (int i = 0; i < request->running_job_ids_size(); ++i) {
        const bool known = i < request->running_attempts_size();
        running.push_back({.id = request->running_job_ids(i),
                           .attempt = known ? request->running_attempts(i) : 0});
      }
      auto answer =
          dispatcher_.Heartbeat(KeyOf(*request, caller), running, request->jobs_running());
      response->set_ok(answer.known);
      for (auto& id : answer.cancel) response->add_cancel_job_ids(std::move(id));
      return base::Ok();
    });
  }

  grpc::Status PullWork(ServerContext* context, const v1::PullWorkRequest* request,
                        v1::PullWorkResponse* response) override {
    return Serve(
        *context, Action::kPullWork, [&](const Caller& caller, const Until& until) -> Result<> {
          const auto job = TRY(dispatcher_.Pull(
              KeyOf(*request, caller), FromWire(request->capability()), request->job_id(), until));
          if (job) ToWire(*job, *response->mutable_job());
          return base::Ok();
        });
  }

  grpc::Status ReportResult(ServerContext* context, const v1::ReportResultRequest* request,
                            v1::ReportResultResponse* response) override {
    return Serve(
        *context, Action::kReportResult, [&](const Caller& caller, const Until& until) -> Result<> {
          const SessionKey session = KeyOf(*request, caller);
          const RunningJob job{.id = request->job_id(), .attempt = request->attempt()};
          response->set_ok(true);
          if (request->final()) {
            return dispatcher_.ReportFinal(session, job, FromWire(*request), until);
          }
          response->set_ok(TRY(dispatcher_.ReportPartial(session, job, PartialFromWire(*request))));
          return base::Ok();
        });
  }

 private:
  // The client's own deadline, and never longer than ours.
  Until UntilOf(const ServerContext& context) const {
    const auto left = context.deadline() - std::chrono::system_clock::now();
    return Until::After(clock_, std::clamp<base::Duration>(left, base::Duration(0), kLongestCall));
  }

  // Who calls; a status that is not OK when it is nobody we know or somebody who may not.
  grpc::Status Admit(const ServerContext& context, Action action, Caller& caller) {
    auto known = authenticator_.Identify(AuthorizationOf(context), UntilOf(context));
    if (known.Is(Code::kDenied)) {
      return {grpc::StatusCode::UNAUTHENTICATED, known.error().message()};
    }
    if (!known.ok()) return api::ToGrpc(known.error());
    caller = *std::move(known);
    if (MayCall(caller.role, action)) return grpc::Status::OK;
    return {grpc::StatusCode::PERMISSION_DENIED,
            fmt::format("{} is {}, who may not call {}", caller.name, ToString(caller.role),
                        ToString(action))};
  }

  template <typename Call>
  grpc::Status Serve(const ServerContext& context, Action action, const Call& call) {
    Caller caller;
    if (auto refusal = Admit(context, action, caller); !refusal.ok()) return refusal;
    const Result<> done = call(caller, UntilOf(context));
    return done.ok() ? grpc::Status::OK : api::ToGrpc(done.error());
  }

  template <typename Request>
  static SessionKey KeyOf(const Request& request, const Caller& caller) {
    return {.id = request.node_id(), .token = request.session_token(), .owner = caller.Id()};
  }

  Result<> SendSnapshot(JobStream& stream, bool follow, bool& alive);
  grpc::Status Follow(ServerContext& context, JobStream& stream, Feed::Subscription& changes);

  Dispatcher& dispatcher_;
  Authenticator& authenticator_;
  base::Clock& clock_;
  std::atomic<int> followers_{0};
};

grpc::Status Service::StreamJobs(ServerContext* context, const v1::StreamJobsRequest* request,
                                 grpc::ServerWriter<v1::Job>* writer) {
  Caller caller;
  if (auto refusal = Admit(*context, Action::kStreamJobs, caller); !refusal.ok()) return refusal;
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
  bool alive = true;
  auto snapshot = SendSnapshot(stream, request->follow(), alive);
  if (!snapshot.ok()) return api::ToGrpc(snapshot.error());
  if (!changes || !alive) return grpc::Status::OK;
  return Follow(*context, stream, *changes);
}

Result<> Service::SendSnapshot(JobStream& stream, bool follow, bool& alive) {
  // Who follows sees states that were not asked for go by, to know what was sent already.
  const auto statuses = follow ? std::vector<Status>() : stream.statuses();
  int64_t after = 0;
  do {
    const JobPage page = TRY(dispatcher_.List(statuses, after, Until::After(clock_, kLongestCall)));
    for (const Job& job : page.jobs) {
      alive = stream.Send(job);
      if (!alive) return base::Ok();
    }
    after = page.next;
  } while (after != 0);
  return base::Ok();
}

grpc::Status Service::Follow(ServerContext& context, JobStream& stream,
                             Feed::Subscription& changes) {
  while (!context.IsCancelled()) {
    auto next = changes.Next(Until::After(clock_, kClientCheck));
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

namespace {

// Certificate and key are looked at again once in a while: who issues them replaces the files.
std::shared_ptr<grpc::ServerCredentials> MakeCredentials(const TlsFiles& tls) {
  if (!tls.on()) return grpc::InsecureServerCredentials();
  constexpr unsigned kLookSeconds = 60;
  const auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.key.string(), tls.certificate.string(), kLookSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& address,
                                                      const TlsFiles& tls, Dispatcher& dispatcher,
                                                      Authenticator& authenticator,
                                                      base::Clock& clock, base::Log log) {
  auto state = std::unique_ptr<State>(new State{.service = {dispatcher, authenticator, clock}});
  grpc::ServerBuilder builder;
  const std::string listen = address.starts_with(':') ? "0.0.0.0" + address : address;
  builder.AddListeningPort(listen, MakeCredentials(tls), &state->port);
  builder.RegisterService(&state->service);
  builder.SetMaxReceiveMessageSize(kLargestMessage);
  // Handlers wait for the disk, so many are under way at once: threads that have ended one call
  // take the next, instead of a new thread for each.
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, kLeastPollers);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kMostPollers);
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
  log.Info("gRPC listening",
           {{"address", listen}, {"port", state->port}, {"tls", tls.on() ? "on" : "off"}});
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
