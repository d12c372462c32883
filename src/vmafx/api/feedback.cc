#include "vmafx/api/feedback.h"

#include <cmath>

#include "base/text.h"
#include "value/json.h"
#include "vmafx/api/names.h"

namespace vmafx::api {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

namespace {

constexpr size_t kMostFeatures = 4096;
constexpr size_t kMostIdLength = 256;

Result<Json> ReadObject(std::string_view line) {
  if (line.size() > kMostFeedbackLine) {
    return Fail(Code::kInvalid, "the line is longer than {} bytes", kMostFeedbackLine);
  }
  auto json = TRY(value::ParseJson(line));
  if (!json.is_object()) return Fail(Code::kInvalid, "not a JSON object");
  return json;
}

Result<std::string> ReadText(const Json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return Fail(Code::kInvalid, "{} is not a string", field);
  return found->get<std::string>();
}

// JSON has no infinities, but 1e999 reads as one.
Result<double> ReadNumber(const Json& json, std::string_view field) {
  if (!json.is_number()) return Fail(Code::kInvalid, "{} is not a number", field);
  const double number = json.get<double>();
  if (!std::isfinite(number)) return Fail(Code::kInvalid, "{} is not a finite number", field);
  return number;
}

Result<std::vector<double>> ReadFeatures(const Json& object) {
  const auto found = object.find("features");
  if (found == object.end() || !found->is_array()) {
    return Fail(Code::kInvalid, "features is not a list of numbers");
  }
  if (found->size() > kMostFeatures) {
    return Fail(Code::kInvalid, "features has {} numbers, at most {} are taken", found->size(),
                kMostFeatures);
  }
  std::vector<double> features;
  for (const Json& item : *found) {
    features.push_back(TRY(ReadNumber(item, fmt::format("features[{}]", features.size()))));
  }
  return features;
}

}  // namespace

std::string WriteSample(const FeedbackSample& sample) {
  Json json{
      {"job_id", sample.job_id}, {"features", sample.features}, {"true_score", sample.true_score}};
  if (!sample.ns.empty()) json["namespace"] = sample.ns;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string WriteReply(const FeedbackReply& reply) {
  Json json{{"ok", reply.ok}};
  if (!reply.job_id.empty()) json["job_id"] = reply.job_id;
  if (!reply.ok) {
    json["error"] = reply.error;
  } else {
    json["step"] = reply.step;
    json["trained"] = reply.trained;
    if (reply.loss) json["loss"] = *reply.loss;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<FeedbackSample> ReadSample(std::string_view line) {
  const Json json = TRY(ReadObject(line));
  FeedbackSample sample;
  sample.job_id = TRY(ReadText(json, "job_id"));
  if (sample.job_id.empty()) return Fail(Code::kInvalid, "job_id is missing");
  if (sample.job_id.size() > kMostIdLength) {
    return Fail(Code::kInvalid, "job_id is longer than {} bytes", kMostIdLength);
  }
  sample.features = TRY(ReadFeatures(json));
  if (!json.contains("true_score")) return Fail(Code::kInvalid, "true_score is missing");
  sample.true_score = TRY(ReadNumber(json.at("true_score"), "true_score"));
  sample.ns = TRY(ReadText(json, "namespace"));
  return sample;
}

Result<FeedbackReply> ReadReply(std::string_view line) {
  const Json json = TRY(ReadObject(line));
  FeedbackReply reply;
  const auto ok = json.find("ok");
  if (ok == json.end() || !ok->is_boolean()) return Fail(Code::kInvalid, "ok is not true or false");
  reply.ok = ok->get<bool>();
  reply.job_id = TRY(ReadText(json, "job_id"));
  reply.error = TRY(ReadText(json, "error"));
  if (json.contains("step")) {
    if (!json.at("step").is_number_integer()) return Fail(Code::kInvalid, "step is not a number");
    reply.step = json.at("step").get<int64_t>();
  }
  reply.trained = json.contains("trained") && json.at("trained") == true;
  if (json.contains("loss") && !json.at("loss").is_null()) {
    reply.loss = TRY(ReadNumber(json.at("loss"), "loss"));
  }
  return reply;
}

std::string TrainerName(std::string_view training) {
  return fmt::format("vmafx-trainer-{}", training);
}

std::string TrainerHost(std::string_view training, std::string_view ns) {
  return fmt::format("{}.{}.svc", TrainerName(training), ns);
}

bool IsTrainerAddress(std::string_view address, std::string_view ns) {
  const std::string prefix = TrainerName("");
  const std::string suffix = fmt::format(".{}.svc:{}", ns, kTrainerFeedbackPort);
  if (!address.starts_with(prefix) || !address.ends_with(suffix)) return false;
  if (address.size() <= prefix.size() + suffix.size()) return false;
  const std::string_view name =
      address.substr(prefix.size(), address.size() - prefix.size() - suffix.size());
  // One DNS label: with a dot in it, the name could be in another namespace.
  return name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace vmafx::api
