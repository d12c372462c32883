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
  explicit GrpcControllerClient(const std::string& address)
      : address_(address),
        channel_(MakeChannel(address)),
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

  base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                     const base::Until& until) override {
    AwaitConnected(until.Within(kConnectLimit));
    grpc::ClientContext context;
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

  // Found again within a second after the controller came back; a silent peer is noticed.
  static std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  std::string Where(const char* call) const {
    return fmt::format("{} at the controller {}", call, address_);
  }

  template <typename Response, typename Method, typename Request>
  base::Result<Response> Call(const char* name, Method method, const Request& request,
                              const base::Until& until) {
    grpc::ClientContext context;
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
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace

std::unique_ptr<ControllerClient> MakeGrpcControllerClient(const std::string& address) {
  return std::make_unique<GrpcControllerClient>(address);
}

}  // namespace vmafx::operators
