#include "vmafx/trainer/checkpoint.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "net/certificates.h"
#include "sys/files.h"
#include "vmafx/api/training.h"
#include "vmafx/features/features.h"
#include "vmafx/trainer/onnx_model.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr base::Duration kFirstPause = std::chrono::seconds(1);
constexpr base::Duration kMostPause = std::chrono::minutes(1);
constexpr base::Duration kMostForOne = std::chrono::minutes(5);
constexpr char kStableTag[] = "latest-stable";
constexpr char kUnstableTag[] = "unstable";

std::string FeatureList() {
  return base::Join({features::Names().begin(), features::Names().end()}, ",");
}

// In single precision, on scores of up to 100.
bool Close(double score, float by_file) {
  return std::fabs(score - static_cast<double>(by_file)) <= 1e-3 * std::max(1.0, std::fabs(score));
}

}  // namespace

std::string VersionTag(int64_t version) {
  return fmt::format("v{:06}", version);
}

Result<std::string> MakeVerifiedFile(const Candidate& candidate, const CheckpointOptions& options) {
  ModelFile model{candidate.student, {}};
  model.metadata = {{std::string(kFeatureNamesKey), FeatureList()},
                    {std::string(kSamplesKey), std::to_string(candidate.samples)},
                    {std::string(kBaseModelKey), options.base_model},
                    {std::string(kTeacherKey), std::string(api::kTeacherModel)}};
  std::string bytes = TRY(WriteModel(model));
  const Evaluator evaluator = TRY(Evaluator::Load(bytes).During("reading the checkpoint back"));
  std::vector<std::vector<double>> inputs;
  for (const auto* samples : {&candidate.held_out, &candidate.trained_on}) {
    for (const Sample& sample : *samples) inputs.push_back(sample.features);
  }
  const std::vector<float> scores = TRY(evaluator.Evaluate(inputs));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double meant = candidate.student.Predict(inputs[i]);
    if (Close(meant, scores[i])) continue;
    return Fail(Code::kInternal, "the checkpoint read back gives {} where the model gives {}",
                scores[i], meant);
  }
  return bytes;
}

Checkpointer::Checkpointer(CheckpointOptions options, Trainer& trainer, Board& board,
                           net::Http& http, base::Clock& clock, base::Log log)
    : options_(std::move(options)),
      trainer_(trainer),
      board_(board),
      http_(http),
      clock_(clock),
      log_(std::move(log)) {
  // Here and not in the thread, which may begin late.
  const base::Instant due = FirstDue();
  crew_.Start("checkpoints", [this, due](std::stop_token stop) { Loop(due, std::move(stop)); });
}

// Counted from the last one, over restarts; the first from the start.
base::Instant Checkpointer::FirstDue() const {
  const int64_t last = board_.Read().record.at_unix;
  if (last == 0) return clock_.Now() + options_.interval;
  const auto elapsed =
      clock_.WallNow() - base::WallTime(std::chrono::duration_cast<base::WallTime::duration>(
                             std::chrono::seconds(last)));
  const auto left = options_.interval - std::chrono::duration_cast<base::Duration>(elapsed);
  return clock_.Now() + std::clamp(left, base::Duration::zero(), options_.interval);
}

Result<> Checkpointer::AwaitDue(base::Instant due, const Until& until) {
  TRY(board_.Await(until, [&](const View& view) {
    return view.samples - view.record.samples >= options_.least_samples;
  }));
  // Nothing wakes this but the clock.
  if (!until.PauseTill(due)) return Fail(Code::kCancelled, "stopped");
  return base::Ok();
}

void Checkpointer::Loop(base::Instant due, std::stop_token stop) {
  const Until until(clock_, base::Instant::max(), stop);
  while (!stop.stop_requested()) {
    if (!AwaitDue(due, until).ok()) continue;
    WriteUntilDone(stop);
    due = clock_.Now() + options_.interval;
  }
}

void Checkpointer::WriteUntilDone(std::stop_token stop) {
  const Until forever(clock_, base::Instant::max(), stop);
  base::Duration pause = kFirstPause;
  while (!stop.stop_requested()) {
    const auto written = WriteOne(forever.Within(kMostForOne));
    if (written.ok()) return;
    if (stop.stop_requested()) return;
    log_.Warn("no checkpoint",
              {{"reason", written.error().message()}, {"again_in", base::FormatSpan(pause)}});
    board_.Update([&](View& view) {
      ++view.push_failures;
      view.message = fmt::format("the checkpoint could not be written and is tried again in {}: {}",
                                 base::FormatSpan(pause), written.error().message());
    });
    forever.Pause(pause);
    pause = std::min(pause * 2, kMostPause);
  }
}

Result<JudgedCheckpoint> Checkpointer::WriteOne(const Until& until) {
  const Candidate candidate = TRY(trainer_.MakeCandidate(until));
  const base::WallTime now = clock_.WallNow();
  JudgedCheckpoint judged{
      .student = candidate.student,
      .samples = candidate.samples,
      .verdict = Judge(candidate.student, candidate.last, candidate.held_out, candidate.known),
      .at = base::FormatTime(now),
      .at_unix = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()};
  if (judged.student.Finite()) {
    const std::string onnx = TRY(MakeVerifiedFile(candidate, options_));
    judged.version = candidate.record.version + 1;
    judged.tag = VersionTag(judged.version);
    judged.digest = TRY(Publish(candidate, judged, onnx, until).During(judged.tag));
  }
  TRY(trainer_.Record(judged, until));
  log_.Info("checkpoint", {{"version", judged.tag},
                           {"samples", judged.samples},
                           {"gate", ToString(judged.verdict.result)},
                           {"reason", judged.verdict.reason}});
  return judged;
}

Result<std::string> Checkpointer::Publish(const Candidate& candidate,
                                          const JudgedCheckpoint& judged, const std::string& onnx,
                                          const Until& until) {
  const ModelArtifact artifact = MakeArtifact(candidate, judged, onnx);
  if (!options_.directory.empty()) {
    const auto path = options_.directory / ("model_" + judged.tag + ".onnx");
    TRY(sys::WriteFileAtomically(path, onnx));
    TRY(sys::WriteFileAtomically(path.string() + ".sha256", net::Sha256Hex(onnx) + "\n"));
  }
  if (options_.output_registry.empty()) return Digest(MakeManifest(artifact));
  const auto repository = TRY(api::ReadRepository(options_.output_registry));
  RegistryAccess registry(http_, options_.registry, repository);
  const bool stable = judged.verdict.result == GateResult::kPassed;
  auto digest =
      PushModel(registry, artifact, {judged.tag, stable ? kStableTag : kUnstableTag}, until);
  return std::move(digest).During("pushing to " + options_.output_registry);
}

ModelArtifact Checkpointer::MakeArtifact(const Candidate& candidate, const JudgedCheckpoint& judged,
                                         const std::string& onnx) const {
  const Verdict& verdict = judged.verdict;
  const std::string sha256 = net::Sha256Hex(onnx);
  const std::string plcc =
      verdict.result == GateResult::kNotEnoughSamples ? "" : fmt::format("{:.6f}", verdict.plcc);
  Json config = {{"name", "vmafx-student"},
                 {"version", judged.tag},
                 {"training", options_.training},
                 {"namespace", options_.ns},
                 {"base_model", options_.base_model},
                 {"teacher", api::kTeacherModel},
                 {"features", features::Names()},
                 {"samples", candidate.samples},
                 {"held_out_samples", verdict.samples},
                 {"steps", candidate.steps},
                 {"gate", ToString(verdict.result)},
                 {"gate_reason", verdict.reason},
                 {"onnx_sha256", sha256},
                 {"created", judged.at}};
  if (!plcc.empty()) config["plcc"] = verdict.plcc;
  ModelArtifact artifact{onnx, config.dump(-1, ' ', false, Json::error_handler_t::replace), {}};
  artifact.annotations = {{"org.opencontainers.image.created", judged.at},
                          {"org.opencontainers.image.version", judged.tag},
                          {"org.opencontainers.image.title", "vmafx-student"},
                          {"dev.vmafx.samples", std::to_string(candidate.samples)},
                          {"dev.vmafx.held-out-samples", std::to_string(verdict.samples)},
                          {"dev.vmafx.gate", std::string(ToString(verdict.result))},
                          {"dev.vmafx.base-model", options_.base_model},
                          {"dev.vmafx.sha256", sha256}};
  if (!plcc.empty()) artifact.annotations["dev.vmafx.plcc"] = plcc;
  return artifact;
}

}  // namespace vmafx::trainer
