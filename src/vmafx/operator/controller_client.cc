#include "vmafx/operator/controller_client.h"

#include <algorithm>

#include <grpcpp/grpcpp.h>

#include "vmafx/api/status.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::operators {
namespace {

constexpr auto kCallLimit = std::chrono::seconds(5);
constexpr auto kConnectLimit = std::chrono::seconds(2);

class GrpcControllerClient final : public ControllerClient {
 public:
  GrpcControllerClient(const api::ChannelOptions& options, std::shared_ptr<grpc::Channel> channel)
      : address_(options.address),
        token_(options.token_file),
        channel_(std::move(channel)),
        stub_(rpc::VmafxController::NewStub(channel_)) {}

  base::Result<std::string> Submit(const rpc::SubmitJobRequest& request,
                                   const base::Until& until) override {
    auto response =
        TRY(Call<rpc::SubmitJobResponse>("SubmitJob", &Stub::SubmitJob, request, until));
    return response.job_id();
  }

  base::Result<rpc::Job> Get(const std::string& id, const base::Until& until) override {
    rpc::GetJobRequest request;
    request.set_job_id(id);
    return Call<rpc::Job>("GetJob", &Stub::GetJob, request, until);
  }

  base::Result<> Cancel(const std::string& id, const base::Until& until) override {
    rpc::CancelJobRequest request;
    request.set_job_id(id);
    TRY(Call<rpc::CancelJobResponse>("CancelJob", &Stub::CancelJob, request, until));
    return base::Ok();
  }

  base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest& request,
                                 const base::Until& until) override {
    auto response =
        TRY(Call<rpc::ReleaseJobResponse>("ReleaseJob", &Stub::ReleaseJob, request, until));
    return std::move(*response.mutable_job());
  }

  base::Result<rpc::ListNodesResponse> ListNodes(const std::string& ns,
                                                 const base::Until& until) override {
    rpc::ListNodesRequest request;
    request.set_namespace_(ns);
    return Call<rpc::ListNodesResponse>("ListNodes", &Stub::ListNodes, request, until);
  }

  base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                     const base::Until& until) override {
    AwaitConnected(until.Within(kConnectLimit));
    grpc::ClientContext context;
    auto identified = token_.AddTo(context);
    if (!identified.ok()) return std::move(identified).error();
    std::stop_callback cancel(until.stop(), [&] { context.TryCancel(); });
    rpc::StreamJobsRequest request;
    request.set_follow(true);
    auto reader = stub_->StreamJobs(&context, request);
    rpc::Job job;
    while (reader->Read(&job)) on_job(job);
    const grpc::Status status = reader->Finish();
    auto ended = api::FromGrpc(status, Where("StreamJobs"));
    if (!ended.ok()) return std::move(ended).error();
    return {base::Code::kUnavailable, Where("StreamJobs") + ": the stream ended"};
  }

 private:
  using Stub = rpc::VmafxController::Stub;

  // A channel without calls connects only while somebody polls it (gRPC's own poll comes every
  // 5 s): the thread that follows the jobs does so for all others. In slices, so that it can stop.
  void AwaitConnected(const base::Until& until) {
    constexpr auto kSlice = std::chrono::milliseconds(100);
    while (!until.Over() &&
           !channel_->WaitForConnected(std::chrono::system_clock::now() + kSlice)) {
    }
  }

  std::string Where(const char* call) const {
    return fmt::format("{} at the controller {}", call, address_);
  }

  template <typename Response, typename Method, typename Request>
  base::Result<Response> Call(const char* name, Method method, const Request& request,
                              const base::Until& until) {
    grpc::ClientContext context;
    TRY(token_.AddTo(context).During(Where(name)));
    const base::Duration left = std::min<base::Duration>(kCallLimit, until.Left());
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
    std::stop_callback cancel(until.stop(), [&] { context.TryCancel(); });
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    TRY(api::FromGrpc(status, Where(name)));
    return response;
  }

  std::string address_;
  api::TokenSource token_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace

base::Result<std::unique_ptr<ControllerClient>> MakeGrpcControllerClient(
    const api::ChannelOptions& options) {
  auto channel = TRY(api::MakeChannel(options));
  return std::unique_ptr<ControllerClient>(
      std::make_unique<GrpcControllerClient>(options, std::move(channel)));
}

}  // namespace vmafx::operators
