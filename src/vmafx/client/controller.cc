#include "vmafx/client/controller.h"

#include "vmafx/api/caller.h"

namespace vmafx::client {

using base::Code;
using base::Error;
using base::Result;
using base::Until;
using Stub = api::Caller::Stub;

namespace {

constexpr auto kBetweenAttempts = std::chrono::milliseconds(500);

// What helps against an error that its own message does not explain to a person.
std::string_view Advice(Code code) {
  switch (code) {
    case Code::kUnavailable:
      return " (is it running there, and is --controller or VMAFX_CONTROLLER_ADDR right?)";
    case Code::kDenied:
      return " (give a token that may do this with --token-file or VMAFX_CONTROLLER_TOKEN_FILE)";
    default:
      return "";
  }
}

// For people, who need not be told what they have stopped themselves.
Error Explained(const Error& error, const Until& until) {
  if (until.Stopped()) return Error(Code::kCancelled, "stopped");
  return Error(error.code(), error.message() + std::string(Advice(error.code())));
}

}  // namespace

bool IsFinished(rpc::JobStatus status) {
  return status != rpc::PENDING && status != rpc::RUNNING;
}

struct Controller::State {
  std::unique_ptr<api::Caller> caller;

  template <typename Response, typename Method, typename Request>
  Result<Response> Call(std::string_view name, Method method, const Request& request,
                        const Until& until) {
    auto response = caller->Call<Response>(name, method, request, until);
    if (!response.ok()) return Explained(response.error(), until);
    return response;
  }

  // One stream, until it ends or `on_job` returns false.
  Result<> Stream(const rpc::StreamJobsRequest& request,
                  const std::function<bool(const rpc::Job&)>& on_job, const Until& until) {
    grpc::ClientContext context;
    TRY(caller->Begin("StreamJobs", context));
    if (!request.follow()) caller->Limit(context, until);
    std::stop_callback on_stop(until.stop(), [&context] { context.TryCancel(); });
    const auto reader = caller->stub().StreamJobs(&context, request);
    bool wanted = true;
    rpc::Job job;
    while (wanted && reader->Read(&job)) wanted = on_job(job);
    if (!wanted) context.TryCancel();
    const auto ended = caller->Check(reader->Finish(), "StreamJobs", until);
    if (!wanted || ended.ok()) return base::Ok();
    return Explained(ended.error(), until);
  }
};

Controller::Controller(std::unique_ptr<State> state) : state_(std::move(state)) {}

Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::Make(const api::ChannelOptions& options,
                                                     base::Duration call_timeout) {
  std::unique_ptr<State> state(new State{TRY(api::Caller::Make(options, call_timeout))});
  return std::unique_ptr<Controller>(new Controller(std::move(state)));
}

Result<std::string> Controller::Submit(const rpc::SubmitJobRequest& request, const Until& until) {
  auto response =
      TRY(state_->Call<rpc::SubmitJobResponse>("SubmitJob", &Stub::SubmitJob, request, until));
  return response.job_id();
}

Result<rpc::Job> Controller::Get(const std::string& id, const Until& until) {
  rpc::GetJobRequest request;
  request.set_job_id(id);
  return state_->Call<rpc::Job>("GetJob", &Stub::GetJob, request, until);
}

Result<std::string> Controller::Cancel(const std::string& id, const Until& until) {
  rpc::CancelJobRequest request;
  request.set_job_id(id);
  auto response =
      TRY(state_->Call<rpc::CancelJobResponse>("CancelJob", &Stub::CancelJob, request, until));
  return response.message();
}

Result<std::vector<rpc::Node>> Controller::Nodes(const std::string& ns, const Until& until) {
  rpc::ListNodesRequest request;
  request.set_namespace_(ns);
  auto response =
      TRY(state_->Call<rpc::ListNodesResponse>("ListNodes", &Stub::ListNodes, request, until));
  return std::vector<rpc::Node>(response.nodes().begin(), response.nodes().end());
}

Result<std::vector<rpc::Job>> Controller::Jobs(const Until& until) {
  std::vector<rpc::Job> jobs;
  const auto keep = [&](const rpc::Job& job) {
    jobs.push_back(job);
    return true;
  };
  TRY(state_->Stream({}, keep, until));
  return jobs;
}

Result<> Controller::Follow(const FollowOptions& options,
                            const std::function<bool(const rpc::Job&)>& on_job,
                            const Until& until) {
  rpc::StreamJobsRequest request;
  request.set_follow(true);
  base::Instant reached = until.clock().Now();
  for (;;) {
    bool enough = false;
    auto streamed = state_->Stream(
        request,
        [&](const rpc::Job& job) {
          reached = until.clock().Now();
          enough = !on_job(job);
          return !enough;
        },
        until);
    if (enough) return base::Ok();
    if (streamed.ok()) streamed = Error(Code::kUnavailable, "the controller ended the stream");
    const bool patient = until.clock().Now() - reached < options.patience;
    if (!streamed.Is(Code::kUnavailable) || !patient) return streamed;
    if (options.on_trouble) options.on_trouble(streamed.error());
    if (!until.Pause(kBetweenAttempts)) return Error(Code::kCancelled, "stopped");
  }
}

Result<rpc::Job> Controller::AwaitJob(const std::string& id, const FollowOptions& options,
                                      const std::function<void(const rpc::Job&)>& on_change,
                                      const Until& until) {
  // First whether it is there at all: the stream never says that it is not.
  TRY(Get(id, until));
  int64_t seen = 0;
  TRY(Follow(
      options,
      [&](const rpc::Job& job) {
        if (job.id() != id) return true;
        // A new stream begins with what the last one ended with.
        if (on_change && job.revision() != seen) on_change(job);
        seen = job.revision();
        return !IsFinished(job.status());
      },
      until));
  return Get(id, until);
}

}  // namespace vmafx::client
