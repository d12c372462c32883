#include "vmafx/trainer/predict_request.h"

#include <cmath>

#include "value/json.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

namespace {

constexpr size_t kMostRows = 1000;

Result<std::vector<double>> ReadRow(const Json& json, size_t width) {
  if (!json.is_array() || json.size() != width) {
    return Fail(Code::kInvalid, "want a list of {} numbers", width);
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

}  // namespace

Result<std::vector<std::vector<double>>> ReadPredictRequest(std::string_view body, size_t width) {
  const Json json = TRY(value::ParseJson(body));
  const Json* list = value::Find(json, {"features"});
  if (list == nullptr || !list->is_array() || list->size() > kMostRows) {
    return Fail(Code::kInvalid, "want \"features\": a list of at most {} lists", kMostRows);
  }
  std::vector<std::vector<double>> rows;
  for (const Json& item : *list) {
    rows.push_back(TRY(ReadRow(item, width).During(fmt::format("features[{}]", rows.size()))));
  }
  return rows;
}

}  // namespace vmafx::trainer
