#include "vmafx/operator/controller_client.h"

#include "vmafx/api/caller.h"

namespace vmafx::operators {
namespace {

constexpr auto kCallLimit = std::chrono::seconds(5);
constexpr auto kConnectLimit = std::chrono::seconds(2);

class GrpcControllerClient final : public ControllerClient {
 public:
  explicit GrpcControllerClient(std::unique_ptr<api::Caller> caller) : caller_(std::move(caller)) {}

  base::Result<std::string> Submit(const rpc::SubmitJobRequest& request,
                                   const base::Until& until) override {
    auto response =
        TRY(caller_->Call<rpc::SubmitJobResponse>("SubmitJob", &Stub::SubmitJob, request, until));
    return response.job_id();
  }

  base::Result<rpc::Job> Get(const std::string& id, const base::Until& until) override {
    rpc::GetJobRequest request;
    request.set_job_id(id);
    return caller_->Call<rpc::Job>("GetJob", &Stub::GetJob, request, until);
  }

  base::Result<> Cancel(const std::string& id, const base::Until& until) override {
    rpc::CancelJobRequest request;
    request.set_job_id(id);
    TRY(caller_->Call<rpc::CancelJobResponse>("CancelJob", &Stub::CancelJob, request, until));
    return base::Ok();
  }

  base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest& request,
                                 const base::Until& until) override {
    auto response = TRY(
        caller_->Call<rpc::ReleaseJobResponse>("ReleaseJob", &Stub::ReleaseJob, request, until));
    return std::move(*response.mutable_job());
  }

  base::Result<rpc::ListNodesResponse> ListNodes(const std::string& ns,
                                                 const base::Until& until) override {
    rpc::ListNodesRequest request;
    request.set_namespace_(ns);
    return caller_->Call<rpc::ListNodesResponse>("ListNodes", &Stub::ListNodes, request, until);
  }

  base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                     const base::Until& until) override {
    AwaitConnected(until.Within(kConnectLimit));
    grpc::ClientContext context;
    auto begun = caller_->Begin("StreamJobs", context);
    if (!begun.ok()) return std::move(begun).error();
    std::stop_callback cancel(until.stop(), [&] { context.TryCancel(); });
    rpc::StreamJobsRequest request;
    request.set_follow(true);
    auto reader = caller_->stub().StreamJobs(&context, request);
    rpc::Job job;
    while (reader->Read(&job)) on_job(job);
    // One that ends well ends too early: it has no end.
    const grpc::Status early(grpc::StatusCode::UNAVAILABLE, "the stream ended");
    const grpc::Status status = reader->Finish();
    return caller_->Check(status.ok() ? early : status, "StreamJobs", until).error();
  }

 private:
  using Stub = api::Caller::Stub;

  // A channel without calls connects only while somebody polls it (gRPC's own poll comes every
  // 5 s): the thread that follows the jobs does so for all others. In slices, so that it can stop.
  void AwaitConnected(const base::Until& until) {
    constexpr auto kSlice = std::chrono::milliseconds(100);
    while (!until.Over() &&
           !caller_->channel().WaitForConnected(std::chrono::system_clock::now() + kSlice)) {
    }
  }

  std::unique_ptr<api::Caller> caller_;
};

}  // namespace

base::Result<std::unique_ptr<ControllerClient>> MakeGrpcControllerClient(
    const api::ChannelOptions& options) {
  return std::unique_ptr<ControllerClient>(
      std::make_unique<GrpcControllerClient>(TRY(api::Caller::Make(options, kCallLimit))));
}

}  // namespace vmafx::operators
