#include "vmafx/api/job.h"

#include "vmafx/api/names.h"
#include "vmafx/api/whole.h"

namespace vmafx::api {
namespace {

using kube::Json;

std::string Text(const Json& json, const char* field) {
  return json.value(field, std::string());
}

void ReadSpec(const Json& json, JobSpec& spec) {
  spec.reference = Text(json, "reference");
  spec.distorted = Text(json, "distorted");
  spec.model = Text(json, "model");
  spec.backend = json.value("backend", std::string("cpu"));
  spec.priority = static_cast<int>(Whole(json, "priority"));
  spec.fallback = Text(json, "fallback");
  if (json.contains("options")) spec.options = json.at("options");
  for (const Json& input : json.value("inputs", Json::array())) {
    spec.inputs.push_back({Text(input, "name"),
                           Text(input.value("configMap", Json::object()), "name"),
                           Text(input.value("persistentVolumeClaim", Json::object()), "claimName"),
                           Text(input, "mountPath")});
  }
  if (json.contains("ttlSecondsAfterFinished")) {
    spec.ttl_seconds_after_finished = Whole(json, "ttlSecondsAfterFinished");
  }
}

void ReadResult(const Json& json, JobStatus& status) {
  if (json.contains("score")) status.score = json.at("score").get<double>();
  if (json.contains("pooled")) {
    const Json& pooled = json.at("pooled");
    status.pooled = {pooled.value("mean", 0.0), pooled.value("harmonicMean", 0.0),
                     pooled.value("min", 0.0), pooled.value("p1", 0.0), pooled.value("p5", 0.0)};
  }
  status.features = json.value("features", std::map<std::string, double>());
  if (json.contains("provenance")) {
    const Json& made = json.at("provenance");
    status.provenance = {Text(made, "engine"),      Text(made, "library"),
                         Text(made, "model"),       Text(made, "modelSha256"),
                         Text(made, "backendUsed"), Whole(made, "framesScored")};
  }
}

void ReadStatus(const Json& json, JobStatus& status) {
  status.phase = Text(json, "phase");
  status.assigned_node = Text(json, "assignedNode");
  status.controller_job_id = Text(json, "controllerJobID");
  status.started_at = Text(json, "startedAt");
  status.finished_at = Text(json, "finishedAt");
  status.message = Text(json, "message");
  status.attempts = static_cast<int>(Whole(json, "attempts"));
  status.observed_generation = Whole(json, "observedGeneration");
  ReadResult(json, status);
  status.conditions = ReadConditions(json.value("conditions", Json::array()));
}

// Leaves empty text out.
void Put(Json& json, const char* field, const std::string& text) {
  if (!text.empty()) json[field] = text;
}

}  // namespace

bool JobStatus::Finished() const {
  return phase == kSucceeded || phase == kFailed;
}

const Condition* JobStatus::Find(std::string_view type) const {
  return FindCondition(conditions, type);
}

void JobStatus::Set(Condition condition, const std::string& now) {
  SetCondition(conditions, std::move(condition), now);
}

base::Result<Job> ReadJob(const kube::Object& object) {
  Job job;
  job.key = object.key();
  job.uid = object.uid();
  job.deleting = object.deleting();
  job.created_at = object.String({"metadata", "creationTimestamp"});
  try {
    const Json& json = object.json();
    const Json& metadata = json.at("metadata");
    job.generation = Whole(metadata, "generation");
    job.finalizers = metadata.value("finalizers", std::vector<std::string>());
    job.rclone_secret = object.Annotation(std::string(kRcloneSecretAnnotation));
    ReadSpec(json.value("spec", Json::object()), job.spec);
    ReadStatus(json.value("status", Json::object()), job.status);
  } catch (const Json::exception& problem) {
    return base::Fail(base::Code::kInvalid, "{}: {}", object.Text(), problem.what());
  }
  return job;
}

Json WriteStatus(const JobStatus& status) {
  Json json = Json::object();
  Put(json, "phase", status.phase);
  if (status.score) json["score"] = *status.score;
  Put(json, "assignedNode", status.assigned_node);
  Put(json, "controllerJobID", status.controller_job_id);
  Put(json, "startedAt", status.started_at);
  Put(json, "finishedAt", status.finished_at);
  Put(json, "message", status.message);
  if (status.attempts > 0) json["attempts"] = status.attempts;
  json["observedGeneration"] = status.observed_generation;
  if (const auto& pooled = status.pooled) {
    json["pooled"] = {{"mean", pooled->mean},
                      {"harmonicMean", pooled->harmonic_mean},
                      {"min", pooled->min},
                      {"p1", pooled->p1},
                      {"p5", pooled->p5}};
  }
  if (!status.features.empty()) json["features"] = status.features;
  if (const auto& made = status.provenance) {
    Json& provenance = json["provenance"] = {{"framesScored", made->frames_scored}};
    Put(provenance, "engine", made->engine);
    Put(provenance, "library", made->library);
    Put(provenance, "model", made->model);
    Put(provenance, "modelSha256", made->model_sha256);
    Put(provenance, "backendUsed", made->backend_used);
  }
  if (!status.conditions.empty()) json["conditions"] = WriteConditions(status.conditions);
  return json;
}

}  // namespace vmafx::api
