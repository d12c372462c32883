#include "cluster/description.h"

#include <limits>

namespace cluster {

using value::Json;

namespace {

std::optional<base::Duration> ReadSpan(const Json& row, const char* field) {
  const Json* span = value::Find(row, {field});
  if (span == nullptr || !span->is_number_integer()) return std::nullopt;
  return base::Duration(span->get<int64_t>());
}

}  // namespace

base::Result<Json> ParseDescription(std::string_view text) {
  Json json = TRY(value::ParseJson(text).During("not the description of a cluster"));
  if (json.is_object()) return json;
  return base::Fail(base::Code::kInvalid, "not the description of a cluster");
}

int NumberOr0(const Json& json, const char* field) {
  const Json* number = value::Find(json, {field});
  const bool fits = number != nullptr && number->is_number_integer() && *number >= 0 &&
                    *number <= std::numeric_limits<int>::max();
  return fits ? number->get<int>() : 0;
}

bool IsTrue(const Json& json, const char* field) {
  const Json* found = value::Find(json, {field});
  return found != nullptr && *found == Json(true);
}

Json StartTableJson(const std::vector<StartRow>& table) {
  Json rows = Json::array();
  for (const StartRow& row : table) {
    Json json{{"component", row.component}, {"startedNs", row.started.count()}};
    if (row.ready) json["readyNs"] = row.ready->count();
    rows.push_back(std::move(json));
  }
  return rows;
}

std::vector<StartRow> ReadStartTable(const Json& description) {
  std::vector<StartRow> table;
  const Json* rows = value::Find(description, {"startTable"});
  if (rows == nullptr || !rows->is_array()) return table;
  for (const Json& row : *rows) {
    table.push_back({value::FindString(row, {"component"}),
                     ReadSpan(row, "startedNs").value_or(base::Duration::zero()),
                     ReadSpan(row, "readyNs")});
  }
  return table;
}

}  // namespace cluster
