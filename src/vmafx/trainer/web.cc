#include "vmafx/trainer/web.h"

#include <charconv>
#include <cmath>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/features/features.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using net::Answer;
using net::Call;
using value::Json;

namespace {

constexpr base::Duration kLongestWait = std::chrono::minutes(1);
constexpr size_t kMostPredictions = 1000;
constexpr char kJsonType[] = "application/json";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

Answer JsonAnswer(const Json& json) {
  return {200, json.dump() + "\n", kJsonType};
}

Answer Problem(int status, const std::string& message) {
  return {status, Json{{"error", message}}.dump() + "\n", kJsonType};
}

Answer Status(const Call& call, Board& board, base::Clock& clock, const std::stop_token& stop) {
  const auto revision = call.query.find("revision");
  if (revision != call.query.end()) {
    int64_t seen = 0;
    const char* end = revision->second.data() + revision->second.size();
    if (std::from_chars(revision->second.data(), end, seen).ptr != end) {
      return Problem(400, "revision is not a whole number");
    }
    const auto wait = call.query.find("wait");
    const auto span = base::ParseDuration(wait == call.query.end() ? "0s" : wait->second);
    if (!span.ok()) return Problem(400, "wait: " + span.error().message());
    // Whichever way it ends, the answer is how things stand then.
    (void)board
        .Await(Until::After(clock, std::min(*span, kLongestWait), stop),
               [&](const View& view) { return view.revision != seen; })
        .ok();
  }
  return {200, StatusJson(board.Read()) + "\n", kJsonType};
}

Result<std::vector<double>> ReadRow(const Json& json, Eigen::Index wanted) {
  if (!json.is_array() || static_cast<Eigen::Index>(json.size()) != wanted) {
    return Fail(Code::kInvalid, "want lists of {} numbers", wanted);
  }
  std::vector<double> row;
  for (const Json& item : json) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) {
      return Fail(Code::kInvalid, "want finite numbers");
    }
    row.push_back(item.get<double>());
  }
  return row;
}

Result<Json> Predict(const std::string& body, const View& view) {
  const Json json = TRY(value::ParseJson(body));
  const Json* rows = value::Find(json, {"features"});
  if (rows == nullptr || !rows->is_array() || rows->size() > kMostPredictions) {
    return Fail(Code::kInvalid, "want \"features\": a list of at most {} lists", kMostPredictions);
  }
  Json answer = {{"scores", Json::array()}, {"base_scores", Json::array()}};
  for (const Json& item : *rows) {
    const std::vector<double> row = TRY(ReadRow(item, view.student->features()));
    answer["scores"].push_back(view.student->Predict(row));
    answer["base_scores"].push_back(view.base->Predict(row));
  }
  answer["samples"] = view.samples;
  answer["steps"] = view.steps;
  return answer;
}

Answer PredictAnswer(const Call& call, const View& view) {
  if (view.student == nullptr) return Problem(503, "not ready: " + view.message);
  const auto answer = Predict(call.body, view);
  return answer.ok() ? JsonAnswer(*answer) : Problem(400, answer.error().message());
}

Answer Newest(const View& view) {
  if (!view.newest) return Problem(404, "no sample was counted since the start");
  return {200, api::WriteSample(*view.newest) + "\n", kJsonType};
}

Answer Ready(const View& view) {
  if (view.phase == "running") return {200, "ok\n"};
  return {503, view.phase + ": " + view.message + "\n"};
}

}  // namespace

std::string StatusJson(const View& view) {
  const Json json = {{"phase", view.phase},
                     {"current_samples", view.samples},
                     {"model_version", view.record.model_version},
                     {"model_digest", view.record.model_digest},
                     {"last_stability_gate_result", view.record.gate_result},
                     {"message", view.message.empty() ? view.record.message : view.message},
                     {"revision", view.revision},
                     {"steps", view.steps},
                     {"loss", view.loss},
                     {"held_out_samples", view.held_out},
                     {"stable_version", view.record.stable_version},
                     {"n_features", features::Names().size()},
                     {"last_checkpoint_time", view.record.at},
                     {"checkpoints",
                      {{"Passed", view.record.passed},
                       {"NotEnoughSamples", view.record.not_enough},
                       {"Rejected", view.record.rejected}}}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<net::Route> MakeRoutes(Board& board, base::Clock& clock, std::stop_token stop,
                                   std::string version) {
  const auto ok = [](const Call&) { return Answer{200, "ok\n"}; };
  return {
      {"GET", "/status",
       [&board, &clock, stop](const Call& call) { return Status(call, board, clock, stop); }},
      {"GET", "/features",
       [](const Call&) {
         return JsonAnswer(
             {{"n_features", features::Names().size()}, {"features", features::Names()}});
       }},
      {"POST", "/predict",
       [&board](const Call& call) { return PredictAnswer(call, board.Read()); }},
      {"GET", "/samples/newest", [&board](const Call&) { return Newest(board.Read()); }},
      {"GET", "/healthz", ok},
      {"GET", "/livez", ok},
      {"GET", "/readyz", [&board](const Call&) { return Ready(board.Read()); }},
      {"GET", "/metrics",
       [&board, version](const Call&) {
         return Answer{200, RenderMetrics(board.Read(), version), kMetricsType};
       }},
  };
}

}  // namespace vmafx::trainer
