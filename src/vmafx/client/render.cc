#include "vmafx/client/render.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>

#include "base/text.h"

namespace vmafx::client {

using value::Json;

namespace {

std::string Time(int64_t seconds) {
  return base::FormatTime(base::WallTime(std::chrono::seconds(seconds)));
}

void PutText(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

void PutTime(Json& json, const char* name, int64_t seconds) {
  if (seconds != 0) json[name] = Time(seconds);
}

Json OptionsJson(const v1::ScoreOptions& options) {
  Json json = Json::object();
  if (options.width() != 0) json["width"] = options.width();
  if (options.height() != 0) json["height"] = options.height();
  PutText(json, "pixelFormat", options.pixel_format());
  if (options.bitdepth() != 0) json["bitdepth"] = options.bitdepth();
  if (options.threads() != 0) json["threads"] = options.threads();
  return json;
}

Json ScoreJson(const rpc::Job& job) {
  const v1::PooledScores& pooled = job.pooled();
  return {{"mean", job.final_score()}, {"harmonicMean", pooled.harmonic_mean()},
          {"min", pooled.min()},       {"max", pooled.max()},
          {"p1", pooled.p1()},         {"p5", pooled.p5()},
          {"frames", pooled.frames()}};
}

Json ProvenanceJson(const v1::Provenance& provenance) {
  Json json = Json::object();
  PutText(json, "engine", provenance.engine());
  PutText(json, "library", provenance.library());
  PutText(json, "model", provenance.model());
  PutText(json, "modelSha256", provenance.model_sha256());
  PutText(json, "backendUsed", provenance.backend_used());
  for (const std::string& conversion : provenance.conversions()) {
    json["conversions"].push_back(conversion);
  }
  return json;
}

// "reference   file:///a.y4m"; nothing without a value.
void Line(std::string& text, std::string_view name, const std::string& value) {
  if (!value.empty()) text += fmt::format("{:<12} {}\n", name, value);
}

std::string Progress(const rpc::Job& job) {
  if (job.status() != rpc::RUNNING || job.frames_done() == 0) return {};
  const auto& scores = job.partial_results();
  return ProgressText(job.frames_done(), job.frames_total(),
                      {scores.data(), size_t(scores.size())});
}

std::string ScoreText(const rpc::Job& job) {
  const v1::PooledScores& pooled = job.pooled();
  std::string text = fmt::format("{:<12} {:.6f}\n", "VMAF", job.final_score());
  for (const auto& [name, value] :
       {std::pair("harm. mean", pooled.harmonic_mean()), std::pair("min", pooled.min()),
        std::pair("p1", pooled.p1()), std::pair("p5", pooled.p5())}) {
    text += fmt::format("  {:<10} {:.6f}\n", name, value);
  }
  Line(text, "frames", std::to_string(pooled.frames()));
  for (const auto& [name, mean] :
       std::map<std::string, double>(job.features().begin(), job.features().end())) {
    text += fmt::format("  {:<10} {:.6f}\n", name, mean);
  }
  const v1::Provenance& provenance = job.provenance();
  Line(text, "scored by",
       fmt::format("{}, {}, model {}, on {}", provenance.engine(), provenance.library(),
                   provenance.model(), provenance.backend_used()));
  return text;
}

int FrameCount(const rpc::Job& job) {
  return job.partial_results_size();
}

// Columns as wide as their longest cell, two blanks between them.
std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

}  // namespace

std::string StatusWord(rpc::JobStatus status) {
  return base::Lower(rpc::JobStatus_Name(status));
}

std::string ProgressText(uint64_t done, uint64_t total, std::span<const double> scores) {
  std::string text = std::to_string(done);
  if (total != 0) text += fmt::format(" of {}", total);
  text += " frames";
  if (scores.empty()) return text;
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  return text + fmt::format(", VMAF {:.2f} so far", sum / double(scores.size()));
}

Json JobJson(const rpc::Job& job) {
  Json json = {{"id", job.id()},
               {"status", StatusWord(job.status())},
               {"reference", job.scoring().reference()},
               {"distorted", job.scoring().distorted()},
               {"priority", job.priority()},
               {"attempt", job.attempt()}};
  PutText(json, "model", job.scoring().model());
  PutText(json, "backend", job.scoring().backend());
  Json options = OptionsJson(job.scoring().options());
  if (!options.empty()) json["options"] = std::move(options);
  PutText(json, "name", job.name());
  PutText(json, "namespace", job.namespace_());
  PutText(json, "node", job.assigned_node());
  PutText(json, "error", job.error());
  PutTime(json, "createdAt", job.created_at());
  PutTime(json, "startedAt", job.started_at());
  PutTime(json, "finishedAt", job.finished_at());
  if (job.status() == rpc::RUNNING && job.frames_done() != 0) {
    json["framesDone"] = job.frames_done();
    if (job.frames_total() != 0) json["framesTotal"] = job.frames_total();
  }
  if (job.status() != rpc::COMPLETED) return json;
  json["score"] = ScoreJson(job);
  json["features"] = Json::object();
  for (const auto& [name, mean] : job.features()) json["features"][name] = mean;
  json["provenance"] = ProvenanceJson(job.provenance());
  return json;
}

std::string JobText(const rpc::Job& job) {
  std::string text;
  Line(text, "job", job.id());
  Line(text, "status", StatusWord(job.status()));
  Line(text, "error", job.error());
  Line(text, "progress", Progress(job));
  if (!job.name().empty()) Line(text, "VmafxJob", job.namespace_() + "/" + job.name());
  Line(text, "reference", job.scoring().reference());
  Line(text, "distorted", job.scoring().distorted());
  Line(text, "node", job.assigned_node());
  if (job.attempt() > 1) Line(text, "attempt", std::to_string(job.attempt()));
  Line(text, "created", Time(job.created_at()));
  if (job.finished_at() != 0) Line(text, "finished", Time(job.finished_at()));
  return job.status() == rpc::COMPLETED ? text + ScoreText(job) : text;
}

std::string JobLine(const rpc::Job& job, base::WallTime now) {
  constexpr size_t kTimeOfDay = 11;  // of "2026-11-23T05:33:10Z"
  std::string line = fmt::format("{}  {}  {:<9}", base::FormatTime(now).substr(kTimeOfDay, 8),
                                 job.id(), StatusWord(job.status()));
  if (!job.assigned_node().empty()) line += "  " + job.assigned_node();
  if (job.status() == rpc::COMPLETED) line += fmt::format("  VMAF {:.6f}", job.final_score());
  if (!job.error().empty() && job.status() != rpc::COMPLETED) line += "  " + job.error();
  line.erase(line.find_last_not_of(' ') + 1);
  // A message may have lines of its own.
  std::ranges::replace(line, '\n', ' ');
  return line;
}

Json FramesJson(const rpc::Job& job) {
  Json frames = Json::array();
  for (int i = 0; i < FrameCount(job); ++i) {
    Json frame = {{"index", i}, {"vmaf", job.partial_results(i)}};
    for (const v1::FeatureSeries& series : job.series()) {
      if (i < series.values_size()) frame["features"][series.name()] = series.values(i);
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

std::string FramesCsv(const rpc::Job& job) {
  std::string text = "frame,vmaf";
  for (const v1::FeatureSeries& series : job.series()) text += "," + series.name();
  text += "\r\n";
  for (int i = 0; i < FrameCount(job); ++i) {
    text += fmt::format("{},{}", i, job.partial_results(i));
    for (const v1::FeatureSeries& series : job.series()) {
      text += i < series.values_size() ? fmt::format(",{}", series.values(i)) : ",";
    }
    text += "\r\n";
  }
  return text;
}

Json NodesJson(const std::vector<rpc::Node>& nodes) {
  Json json = Json::array();
  for (const rpc::Node& node : nodes) {
    Json one = {{"name", node.name()},
                {"live", node.live()},
                {"pool", node.pool()},
                {"slots", node.capability().concurrency()},
                {"jobsRunning", node.jobs_running()},
                {"backends", std::vector<std::string>(node.capability().backends().begin(),
                                                      node.capability().backends().end())}};
    PutText(one, "namespace", node.namespace_());
    PutText(one, "vmafxNode", node.vmafx_node());
    PutText(one, "device", node.device());
    PutTime(one, "lastSeen", node.last_seen_ms() / 1000);
    json.push_back(std::move(one));
  }
  return json;
}

std::string NodesText(const std::vector<rpc::Node>& nodes, base::WallTime now) {
  if (nodes.empty()) return "no node has registered with the controller\n";
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "NAMESPACE", "VMAFXNODE", "DEVICE", "JOBS", "KIND", "SEEN", "LIVE"}};
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const rpc::Node& node : nodes) {
    const base::WallTime seen{std::chrono::milliseconds(node.last_seen_ms())};
    const auto ago = std::max(base::Duration(0), base::Duration(now - seen));
    rows.push_back({node.name(), or_dash(node.namespace_()), or_dash(node.vmafx_node()),
                    or_dash(node.device()),
                    fmt::format("{} of {}", node.jobs_running(), node.capability().concurrency()),
                    node.pool() ? "pool" : "one job", base::FormatSpan(ago) + " ago",
                    node.live() ? "yes" : "no"});
  }
  return Table(rows);
}

base::Result<std::string> TrainingText(const Json& status) {
  if (!status.is_object() || !status.contains("phase")) {
    return base::Error(base::Code::kInvalid, "that is no trainer's status: it has no \"phase\"");
  }
  std::string text;
  for (const auto& [name, field] :
       {std::pair("phase", "phase"), std::pair("samples", "current_samples"),
        std::pair("model", "model_version"), std::pair("digest", "model_digest"),
        std::pair("checkpoint", "last_checkpoint_time"),
        std::pair("gate", "last_stability_gate_result"), std::pair("message", "message")}) {
    const auto found = status.find(field);
    if (found == status.end() || found->is_null()) continue;
    Line(text, name, found->is_string() ? found->get<std::string>() : found->dump());
  }
  return text;
}

}  // namespace vmafx::client
