#include "vmafx/api/training.h"

#include "base/text.h"
#include "vmafx/api/feedback.h"
#include "vmafx/api/names.h"
#include "vmafx/api/repository.h"
#include "vmafx/api/whole.h"

namespace vmafx::api {
namespace {

using base::Result;
using kube::Json;

constexpr size_t kMostLabelLength = 63;  // of a Service's name too

std::string Text(const Json& json, const char* field) {
  return json.value(field, std::string());
}

void ReadSpec(const Json& json, TrainingSpec& spec) {
  spec.base_model = Text(json, "baseModel");
  spec.node_selector = json.value("dataSource", Json::object())
                           .value("nodeSelector", std::map<std::string, std::string>());
  spec.algorithm = Text(json, "algorithm");
  const Json checkpoint = json.value("checkpoint", Json::object());
  spec.checkpoint_interval = checkpoint.value("interval", spec.checkpoint_interval);
  spec.checkpoint_min_samples = Whole(checkpoint, "minSamples", spec.checkpoint_min_samples);
  spec.output_registry = Text(json, "outputRegistry");
  if (json.contains("algorithmConfig")) spec.algorithm_config = json.at("algorithmConfig");
}

void ReadStatus(const Json& json, TrainingStatus& status) {
  status.phase = Text(json, "phase");
  status.current_samples = Whole(json, "currentSamples");
  status.last_checkpoint = Text(json, "lastCheckpoint");
  status.model_version = Text(json, "modelVersion");
  status.model_digest = Text(json, "modelDigest");
  status.last_stability_gate_result = Text(json, "lastStabilityGateResult");
  status.active_node_count = Whole(json, "activeNodeCount");
  status.message = Text(json, "message");
  status.observed_generation = Whole(json, "observedGeneration");
  status.conditions = ReadConditions(json.value("conditions", Json::array()));
}

// The trainer's Service is called after it, and that name is one DNS label.
Result<> CheckName(const std::string& name) {
  const size_t most = kMostLabelLength - TrainerName("").size();
  if (name.size() > most || name.find('.') != std::string::npos) {
    return base::Fail(base::Code::kInvalid,
                      "metadata.name: a trainer's name has at most {} characters and no dots",
                      most);
  }
  return base::Ok();
}

Result<> CheckInterval(const std::string& text) {
  const base::Duration interval = TRY(base::ParseDuration(text).During("spec.checkpoint.interval"));
  if (interval > base::Duration::zero()) return base::Ok();
  return base::Fail(base::Code::kInvalid, "spec.checkpoint.interval: \"{}\" is not positive", text);
}

Result<> CheckBaseModel(const std::string& text) {
  if (text == kTeacherModel) return base::Ok();
  auto artifact = ReadTaggedArtifact(text);
  if (artifact.ok()) return base::Ok();
  return base::Fail(base::Code::kInvalid,
                    "spec.baseModel: neither {} nor a checkpoint in a registry: {}", kTeacherModel,
                    artifact.error().message());
}

Result<> CheckRegistry(const std::string& text) {
  TRY(ReadRepository(text).During("spec.outputRegistry"));
  return base::Ok();
}

// Leaves empty text out.
void Put(Json& json, const char* field, const std::string& text) {
  if (!text.empty()) json[field] = text;
}

}  // namespace

Result<Training> ReadTraining(const kube::Object& object) {
  Training training;
  training.key = object.key();
  training.uid = object.uid();
  training.deleting = object.deleting();
  training.registry_secret = object.Annotation(std::string(kRegistrySecretAnnotation));
  try {
    const Json& json = object.json();
    training.generation = Whole(json.at("metadata"), "generation");
    ReadSpec(json.value("spec", Json::object()), training.spec);
    ReadStatus(json.value("status", Json::object()), training.status);
  } catch (const Json::exception& problem) {
    return base::Fail(base::Code::kInvalid, "{}: {}", object.Text(), problem.what());
  }
  return training;
}

Result<> CheckTraining(const Training& training) {
  std::vector<std::string> problems;
  const TrainingSpec& spec = training.spec;
  for (const Result<>& checked :
       {CheckName(training.key.name), CheckBaseModel(spec.base_model),
        CheckInterval(spec.checkpoint_interval), CheckRegistry(spec.output_registry)}) {
    if (!checked.ok()) problems.push_back(checked.error().message());
  }
  if (problems.empty()) return base::Ok();
  return base::Error(base::Code::kInvalid, base::Join(problems, "; "));
}

Json WriteStatus(const TrainingStatus& status) {
  Json json = Json::object();
  Put(json, "phase", status.phase);
  json["currentSamples"] = status.current_samples;
  Put(json, "lastCheckpoint", status.last_checkpoint);
  Put(json, "modelVersion", status.model_version);
  Put(json, "modelDigest", status.model_digest);
  Put(json, "lastStabilityGateResult", status.last_stability_gate_result);
  json["activeNodeCount"] = status.active_node_count;
  Put(json, "message", status.message);
  json["observedGeneration"] = status.observed_generation;
  if (!status.conditions.empty()) json["conditions"] = WriteConditions(status.conditions);
  return json;
}

}  // namespace vmafx::api
