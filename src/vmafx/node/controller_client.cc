#include "vmafx/node/controller_client.h"

#include <algorithm>

#include "value/utf8.h"
#include "vmafx/api/caller.h"
#include "vmafx/api/score_options.h"

namespace vmafx::node {

using base::Result;
using base::Until;
using Stub = api::Caller::Stub;

namespace rpc = vmafx::controller::v1;

namespace {

constexpr size_t kMostSeriesValues = 6 << 20;  // 8 bytes each
constexpr char kEngine[] = "vmafx-node 0.1.0";

template <typename Request>
Request As(const Credentials& credentials) {
  Request request;
  request.set_node_id(credentials.node_id);
  request.set_session_token(credentials.token);
  return request;
}

rpc::ReportResultRequest ReportOn(const Credentials& credentials, const JobRef& job) {
  auto request = As<rpc::ReportResultRequest>(credentials);
  request.set_job_id(job.id);
  request.set_attempt(job.attempt);
  return request;
}

rpc::ReportResultRequest FinalReport(const Credentials& credentials, const JobRef& job) {
  auto request = ReportOn(credentials, job);
  request.set_final(true);
  return request;
}

Assignment FromWire(const rpc::Job& job) {
  const rpc::ScoringParams& scoring = job.scoring();
  const v1::ScoreOptions& options = scoring.options();
  Assignment assignment{.job = {job.id(), job.attempt()},
                        .ns = job.namespace_(),
                        .reference = scoring.reference(),
                        .distorted = scoring.distorted(),
                        .model = scoring.model(),
                        .backend = scoring.backend(),
                        .width = options.width(),
                        .height = options.height(),
                        .pixel_format = options.pixel_format(),
                        .bit_depth = options.bitdepth(),
                        .threads = options.threads(),
                        .problem = {}};
  if (!options.backend().empty() && options.backend() != "auto") {
    assignment.backend = options.backend();
  }
  if (auto valid = api::CheckScoreOptions(options); !valid.ok()) {
    assignment.problem = "options: " + valid.error().message();
  }
  return assignment;
}

void AddNumbers(const scoring::ScoreReport& report, rpc::ReportResultRequest& request) {
  request.set_score(report.vmaf.mean);
  auto& pooled = *request.mutable_pooled();
  pooled.set_mean(report.vmaf.mean);
  pooled.set_harmonic_mean(report.vmaf.harmonic_mean);
  pooled.set_min(report.vmaf.min);
  pooled.set_p1(report.vmaf.p1);
  pooled.set_p5(report.vmaf.p5);
  pooled.set_frames(report.provenance.frames_scored);
  double most = report.vmaf.min;
  for (const scoring::FrameScore& frame : report.frames) most = std::max(most, frame.vmaf);
  pooled.set_max(most);
  for (size_t i = 0; i < report.feature_names.size(); ++i) {
    (*request.mutable_features())[report.feature_names[i]] = report.feature_means[i];
  }
}

// Of very long videos only the scores: a message has its limit, the features are eight times as
// much.
void AddFrames(const scoring::ScoreReport& report, rpc::ReportResultRequest& request) {
  for (const scoring::FrameScore& frame : report.frames) request.add_partial_scores(frame.vmaf);
  if (report.frames.size() * report.feature_names.size() > kMostSeriesValues) return;
  for (const std::string& name : report.feature_names) request.add_series()->set_name(name);
  for (const scoring::FrameScore& frame : report.frames) {
    for (size_t i = 0; i < frame.features.size(); ++i) {
      request.mutable_series(static_cast<int>(i))->add_values(frame.features[i]);
    }
  }
}

void AddProvenance(const scoring::Provenance& from, v1::Provenance& provenance) {
  provenance.set_library(from.engine + " " + from.engine_version);
  provenance.set_model(from.model);
  provenance.set_model_sha256(from.model_sha256);
  provenance.set_backend_used(from.backend_used);
  provenance.set_engine(kEngine);
}

}  // namespace

struct ControllerClient::State {
  std::unique_ptr<api::Caller> caller;

  // What the controller says to a partial report; a final one is an error or it is taken.
  Result<bool> Report(const rpc::ReportResultRequest& request, const Until& until) {
    const auto response = TRY(caller->Call<rpc::ReportResultResponse>(
        "ReportResult", &Stub::ReportResult, request, until));
    return response.ok();
  }

  Result<> ReportFinal(const rpc::ReportResultRequest& request, const Until& until) {
    TRY(Report(request, until));
    return base::Ok();
  }
};

Result<std::unique_ptr<ControllerClient>> ControllerClient::Make(const api::ChannelOptions& options,
                                                                 base::Duration call_timeout) {
  std::unique_ptr<State> state(new State{TRY(api::Caller::Make(options, call_timeout))});
  return std::unique_ptr<ControllerClient>(new ControllerClient(std::move(state)));
}

ControllerClient::ControllerClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

ControllerClient::~ControllerClient() = default;

Result<Credentials> ControllerClient::Register(const Identity& identity, const Until& until) {
  rpc::RegisterNodeRequest request;
  request.set_name(identity.name);
  request.mutable_capability()->set_gpu_vendor("cpu");
  request.mutable_capability()->add_backends(identity.backend);
  request.mutable_capability()->set_concurrency(identity.slots);
  request.set_namespace_(identity.ns);
  request.set_vmafx_node(identity.vmafx_node);
  request.set_device(identity.device);
  request.set_pool(identity.pool);
  const auto response = TRY(state_->caller->Call<rpc::RegisterNodeResponse>(
      "RegisterNode", &Stub::RegisterNode, request, until));
  return Credentials{response.node_id(), response.session_token()};
}

Result<Beat> ControllerClient::Heartbeat(const Credentials& credentials,
                                         const std::vector<JobRef>& running, const Until& until) {
  auto request = As<rpc::HeartbeatRequest>(credentials);
  request.set_jobs_running(static_cast<int32_t>(running.size()));
  for (const JobRef& job : running) {
    request.add_running_job_ids(job.id);
    request.add_running_attempts(job.attempt);
  }
  const auto response = TRY(
      state_->caller->Call<rpc::HeartbeatResponse>("Heartbeat", &Stub::Heartbeat, request, until));
  return Beat{response.ok(), {response.cancel_job_ids().begin(), response.cancel_job_ids().end()}};
}

Result<std::optional<Assignment>> ControllerClient::Pull(const Credentials& credentials,
                                                         const std::string& backend,
                                                         const std::string& job_id,
                                                         const Until& until) {
  auto request = As<rpc::PullWorkRequest>(credentials);
  request.mutable_capability()->add_backends(backend);
  request.set_job_id(job_id);
  const auto response =
      TRY(state_->caller->Call<rpc::PullWorkResponse>("PullWork", &Stub::PullWork, request, until));
  if (!response.has_job()) return std::optional<Assignment>();
  return std::optional<Assignment>(FromWire(response.job()));
}

Result<bool> ControllerClient::ReportPartial(const Credentials& credentials, const JobRef& job,
                                             const PartialReport& report, const Until& until) {
  auto request = ReportOn(credentials, job);
  request.set_frames_done(report.frames_done);
  request.set_frames_total(report.frames_total);
  request.set_first_frame(report.first_frame);
  request.mutable_partial_scores()->Add(report.scores.begin(), report.scores.end());
  return state_->Report(request, until);
}

Result<> ControllerClient::ReportScore(const Credentials& credentials, const JobRef& job,
                                       const scoring::ScoreReport& report,
                                       const std::vector<UndeliveredSample>& undelivered,
                                       const Until& until) {
  auto request = FinalReport(credentials, job);
  for (const UndeliveredSample& sample : undelivered) {
    auto& feedback = *request.add_feedback();
    feedback.set_trainer(sample.trainer);
    feedback.set_sample(sample.line);
  }
  AddNumbers(report, request);
  AddFrames(report, request);
  AddProvenance(report.provenance, *request.mutable_provenance());
  return state_->ReportFinal(request, until);
}

// Messages quote names of files, and a message of protobuf that is not UTF-8 is refused whole.
Result<> ControllerClient::ReportFailure(const Credentials& credentials, const JobRef& job,
                                         const std::string& error, const Until& until) {
  auto request = FinalReport(credentials, job);
  request.set_error(value::ToValidUtf8(error));
  return state_->ReportFinal(request, until);
}

Result<> ControllerClient::ReportReleased(const Credentials& credentials, const JobRef& job,
                                          const std::string& reason, const Until& until) {
  auto request = FinalReport(credentials, job);
  request.set_error(value::ToValidUtf8(reason));
  request.set_released(true);
  return state_->ReportFinal(request, until);
}

}  // namespace vmafx::node
