#include <nlohmann/json.hpp>

#include "vmafx/scoring/score.h"

namespace vmafx::scoring {
namespace {

using Json = nlohmann::ordered_json;

Json Features(const ScoreReport& report, const std::vector<double>& values) {
  Json features = Json::object();
  for (size_t i = 0; i < values.size(); ++i) features[report.feature_names[i]] = values[i];
  return features;
}

}  // namespace

std::string RenderJson(const ScoreReport& report, Frames frames, int indent) {
  Json json;
  json["vmaf"] = {{"mean", report.vmaf.mean},
                  {"harmonicMean", report.vmaf.harmonic_mean},
                  {"min", report.vmaf.min},
                  {"p1", report.vmaf.p1},
                  {"p5", report.vmaf.p5}};
  json["features"] = Features(report, report.feature_means);
  json["provenance"] = {{"engine", report.provenance.engine},
                        {"engineVersion", report.provenance.engine_version},
                        {"model", report.provenance.model},
                        {"modelSha256", report.provenance.model_sha256},
                        {"backend", report.provenance.backend_used},
                        {"framesScored", report.provenance.frames_scored}};
  json["video"] = {{"width", report.geometry.width},
                   {"height", report.geometry.height},
                   {"pixelFormat", ToString(report.geometry.pixel_format)}};
  json["seconds"] = std::chrono::duration<double>(report.elapsed).count();
  if (frames == Frames::kIncluded) {
    json["frames"] = Json::array();
    for (const FrameScore& frame : report.frames) {
      Json entry = {{"index", frame.index}, {"vmaf", frame.vmaf}};
      entry["features"] = Features(report, frame.features);
      json["frames"].push_back(std::move(entry));
    }
  }
  return json.dump(indent);
}

}  // namespace vmafx::scoring
