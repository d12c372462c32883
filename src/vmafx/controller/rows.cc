#include "vmafx/controller/rows.h"

#include <nlohmann/json.hpp>

namespace vmafx::controller {

using nlohmann::json;

const char kJobColumns[] =
    "seq, id, status, scoring, idempotency_key, pinned, namespace, name, priority, attempt, "
    "lost_attempts, assigned_node, lease_session, error, created_at, updated_at, started_at, "
    "finished_at, revision, score, features, pooled, provenance";

namespace {

// The columns hold what this file wrote; anything else reads as empty.
json Parse(const std::string& text) {
  return json::parse(text, nullptr, /*allow_exceptions=*/false);
}

Scoring ScoringFromJson(const std::string& text) {
  const json object = Parse(text);
  if (!object.is_object()) return {};
  return {.reference = object.value("reference", ""),
          .distorted = object.value("distorted", ""),
          .model = object.value("model", ""),
          .backend = object.value("backend", ""),
          .options = object.contains("options") ? object["options"].dump() : ""};
}

Pooled PooledFromJson(const json& object) {
  return {.mean = object.value("mean", 0.0),
          .harmonic_mean = object.value("harmonicMean", 0.0),
          .min = object.value("min", 0.0),
          .max = object.value("max", 0.0),
          .p1 = object.value("p1", 0.0),
          .p5 = object.value("p5", 0.0),
          .frames = object.value("frames", uint64_t{0})};
}

}  // namespace

std::string ScoringToJson(const Scoring& scoring) {
  json object = {{"reference", scoring.reference},
                 {"distorted", scoring.distorted},
                 {"model", scoring.model},
                 {"backend", scoring.backend}};
  if (!scoring.options.empty()) object["options"] = Parse(scoring.options);
  // Bytes that are not UTF-8 are replaced, not thrown at.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string FeaturesToJson(const std::map<std::string, double>& features) {
  return json(features).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string PooledToJson(const Pooled& pooled) {
  return json{{"mean", pooled.mean},    {"harmonicMean", pooled.harmonic_mean},
              {"min", pooled.min},      {"max", pooled.max},
              {"p1", pooled.p1},        {"p5", pooled.p5},
              {"frames", pooled.frames}}
      .dump();
}

Job JobFromRow(const Row& row) {
  Job job;
  int column = 0;
  job.number = row.Int(column++);
  job.id = row.Text(column++);
  job.status = ParseStatus(row.Text(column++)).value_or(Status::kFailed);
  job.scoring = ScoringFromJson(row.Text(column++));
  job.idempotency_key = row.Text(column++);
  job.pinned = row.Int(column++) != 0;
  job.name_space = row.Text(column++);
  job.name = row.Text(column++);
  job.priority = static_cast<int32_t>(row.Int(column++));
  job.attempt = static_cast<int32_t>(row.Int(column++));
  job.lost_attempts = static_cast<int32_t>(row.Int(column++));
  job.node = row.Text(column++);
  job.session = row.Text(column++);
  job.error = row.Text(column++);
  job.created_at = row.Int(column++);
  job.updated_at = row.Int(column++);
  job.started_at = row.Int(column++);
  job.finished_at = row.Int(column++);
  job.revision = row.Int(column++);
  job.score = row.Double(column++);
  const json features = Parse(row.Text(column++));
  if (features.is_object()) {
    for (const auto& [name, value] : features.items()) {
      if (value.is_number()) job.features[name] = value.get<double>();
    }
  }
  const json pooled = Parse(row.Text(column++));
  if (pooled.is_object()) job.pooled = PooledFromJson(pooled);
  job.provenance = row.Text(column++);
  return job;
}

}  // namespace vmafx::controller
