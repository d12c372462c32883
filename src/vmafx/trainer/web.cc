#include "vmafx/trainer/web.h"

#include <charconv>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/features/features.h"
#include "vmafx/trainer/predict_request.h"

namespace vmafx::trainer {

using base::Result;
using base::Until;
using net::Answer;
using net::Call;
using value::Json;

namespace {

constexpr base::Duration kLongestWait = std::chrono::minutes(1);
constexpr char kJsonType[] = "application/json";
constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

Answer JsonAnswer(const Json& json, int status = 200) {
  // A message may quote what a client sent, which need not be UTF-8.
  return {status, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", kJsonType};
}

Answer Problem(int status, const std::string& message) {
  return JsonAnswer({{"error", message}}, status);
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

Result<Json> Predict(const std::string& body, const View& view) {
  const auto width = static_cast<size_t>(view.student->features());
  Json answer = {{"scores", Json::array()}, {"base_scores", Json::array()}};
  for (const std::vector<double>& row : TRY(ReadPredictRequest(body, width))) {
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
