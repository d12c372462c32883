#include "vmafx/controller/translate.h"

#include <google/protobuf/util/json_util.h>

#include "vmafx/api/score_options.h"
#include "vmafx/controller/v1/controller.pb.h"

namespace vmafx::controller {

namespace {

namespace util = google::protobuf::util;

enum class Names { kCamel, kAsInProto };

std::string ToJson(const google::protobuf::Message& message, Names names = Names::kCamel) {
  util::JsonPrintOptions options;
  options.preserve_proto_field_names = names == Names::kAsInProto;
  std::string text;
  // Fails only for messages with Any, which ours have not.
  (void)util::MessageToJsonString(message, &text, options).ok();
  return text;
}

template <typename Message>
void FromJson(const std::string& text, Message& message) {
  if (text.empty()) return;
  util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // written by a newer version
  if (!util::JsonStringToMessage(text, &message, options).ok()) message.Clear();
}

v1::JobStatus StatusToWire(Status status) {
  switch (status) {
    case Status::kPending:
      return v1::PENDING;
    case Status::kRunning:
      return v1::RUNNING;
    case Status::kCompleted:
      return v1::COMPLETED;
    case Status::kFailed:
      return v1::FAILED;
    case Status::kCancelled:
      return v1::CANCELLED;
  }
  return v1::FAILED;
}

Pooled PooledFromWire(const vmafx::v1::PooledScores& wire) {
  return {.mean = wire.mean(),
          .harmonic_mean = wire.harmonic_mean(),
          .min = wire.min(),
          .max = wire.max(),
          .p1 = wire.p1(),
          .p5 = wire.p5(),
          .frames = wire.frames()};
}

void PooledToWire(const Pooled& pooled, vmafx::v1::PooledScores& wire) {
  wire.set_mean(pooled.mean);
  wire.set_harmonic_mean(pooled.harmonic_mean);
  wire.set_min(pooled.min);
  wire.set_max(pooled.max);
  wire.set_p1(pooled.p1);
  wire.set_p5(pooled.p5);
  wire.set_frames(pooled.frames);
}

void ScoringToWire(const Scoring& scoring, v1::ScoringParams& wire) {
  wire.set_reference(scoring.reference);
  wire.set_distorted(scoring.distorted);
  wire.set_model(scoring.model);
  wire.set_backend(scoring.backend);
  if (!scoring.options.empty()) FromJson(scoring.options, *wire.mutable_options());
}

}  // namespace

base::Result<NewJob> FromWire(const v1::SubmitJobRequest& request) {
  if (!request.has_scoring()) {
    return base::Error(base::Code::kInvalid, "scoring is missing");
  }
  const v1::ScoringParams& scoring = request.scoring();
  TRY(api::CheckScoreOptions(scoring.options()).During("scoring.options"));
  return NewJob{.scoring = {.reference = scoring.reference(),
                            .distorted = scoring.distorted(),
                            .model = scoring.model(),
                            .backend = scoring.backend(),
                            .options = scoring.has_options() ? ToJson(scoring.options()) : ""},
                .idempotency_key = request.idempotency_key(),
                .pinned = request.pinned(),
                .name_space = request.namespace_(),
                .name = request.name(),
                .priority = request.priority()};
}

Outcome FromWire(const v1::ReportResultRequest& request) {
  Outcome outcome{
      .score = request.score(),
      .features = {request.features().begin(), request.features().end()},
      .pooled = std::nullopt,
      .provenance = {},
      .frame_scores = {request.partial_scores().begin(), request.partial_scores().end()},
      .series = {},
      .error = request.error(),
      .released = request.released(),
      .feedback = {}};
  if (request.has_pooled()) outcome.pooled = PooledFromWire(request.pooled());
  if (request.has_provenance()) outcome.provenance = ToJson(request.provenance());
  for (const auto& item : request.feedback()) {
    outcome.feedback.push_back({.trainer = item.trainer(), .sample = item.sample()});
  }
  for (const auto& series : request.series()) {
    outcome.series.push_back({series.name(), {series.values().begin(), series.values().end()}});
  }
  return outcome;
}

Partial PartialFromWire(const v1::ReportResultRequest& request) {
  return {.frames_done = request.frames_done(),
          .frames_total = request.frames_total(),
          .first = request.first_frame(),
          .scores = {request.partial_scores().begin(), request.partial_scores().end()}};
}

Capability FromWire(const v1::NodeCapability& capability) {
  return {.gpu_vendor = capability.gpu_vendor(),
          .backends = {capability.backends().begin(), capability.backends().end()},
          .concurrency = capability.concurrency()};
}

Worker FromWire(const v1::RegisterNodeRequest& request) {
  return {.name = request.name(),
          .name_space = request.namespace_(),
          .vmafx_node = request.vmafx_node(),
          .device = request.device(),
          .pool = request.pool(),
          .capability = FromWire(request.capability())};
}

void ToWire(const Job& job, v1::Job& wire) {
  wire.set_id(job.id);
  wire.set_status(StatusToWire(job.status));
  ScoringToWire(job.scoring, *wire.mutable_scoring());
  wire.set_assigned_node(job.node);
  wire.set_error(job.error);
  wire.set_created_at(job.created_at);
  wire.set_updated_at(job.updated_at);
  wire.set_final_score(job.score);
  wire.set_name(job.name);
  wire.set_namespace_(job.name_space);
  wire.set_pinned(job.pinned);
  wire.set_priority(job.priority);
  wire.set_attempt(job.attempt);
  wire.set_lost_attempts(job.lost_attempts);
  wire.set_started_at(job.started_at);
  wire.set_finished_at(job.finished_at);
  wire.mutable_features()->insert(job.features.begin(), job.features.end());
  if (job.pooled) PooledToWire(*job.pooled, *wire.mutable_pooled());
  if (!job.provenance.empty()) FromJson(job.provenance, *wire.mutable_provenance());
  wire.set_idempotency_key(job.idempotency_key);
  wire.set_revision(job.revision);
}

void ToWire(const JobWithFrames& job, v1::Job& wire) {
  ToWire(job.job, wire);
  wire.mutable_partial_results()->Add(job.partial.scores.begin(), job.partial.scores.end());
  wire.set_frames_done(job.partial.frames_done);
  wire.set_frames_total(job.partial.frames_total);
  for (const Series& series : job.series) {
    auto& added = *wire.add_series();
    added.set_name(series.name);
    added.mutable_values()->Add(series.values.begin(), series.values.end());
  }
}

base::Result<std::string> OptionsFromJson(const std::string& json) {
  vmafx::v1::ScoreOptions options;
  const auto parsed = util::JsonStringToMessage(json, &options);
  if (!parsed.ok()) {
    return base::Error(base::Code::kInvalid, std::string(parsed.message()));
  }
  TRY(api::CheckScoreOptions(options));
  return ToJson(options);
}

std::string ProvenanceJson(const Job& job) {
  vmafx::v1::Provenance provenance;
  FromJson(job.provenance, provenance);
  return ToJson(provenance, Names::kAsInProto);
}

std::string JobJson(const JobWithFrames& job) {
  v1::Job wire;
  ToWire(job, wire);
  return ToJson(wire, Names::kAsInProto);
}

void ToWire(const NodeView& node, v1::Node& wire) {
  const Worker& worker = node.worker;
  wire.set_name(worker.name);
  wire.set_namespace_(worker.name_space);
  wire.set_vmafx_node(worker.vmafx_node);
  wire.mutable_capability()->set_gpu_vendor(worker.capability.gpu_vendor);
  for (const std::string& backend : worker.capability.backends) {
    wire.mutable_capability()->add_backends(backend);
  }
  wire.mutable_capability()->set_concurrency(worker.capability.concurrency);
  wire.set_device(worker.device);
  wire.set_pool(worker.pool);
  wire.set_jobs_running(node.jobs_running);
  wire.set_last_seen_ms(
      std::chrono::duration_cast<std::chrono::milliseconds>(node.last_seen_at.time_since_epoch())
          .count());
  wire.set_live(node.live);
}

}  // namespace vmafx::controller
