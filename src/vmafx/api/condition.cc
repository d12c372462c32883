#include "vmafx/api/condition.h"

#include <algorithm>

#include "vmafx/api/whole.h"

namespace vmafx::api {

using kube::Json;

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  auto found = std::find_if(conditions.begin(), conditions.end(),
                            [&](const Condition& each) { return each.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

void SetCondition(std::vector<Condition>& conditions, Condition condition, const std::string& now) {
  const Condition* old = FindCondition(conditions, condition.type);
  condition.last_transition_time =
      old != nullptr && old->status == condition.status ? old->last_transition_time : now;
  if (old != nullptr) {
    conditions[static_cast<size_t>(old - conditions.data())] = std::move(condition);
  } else {
    conditions.push_back(std::move(condition));
  }
}

std::vector<Condition> ReadConditions(const Json& list) {
  const auto text = [](const Json& json, const char* field) {
    return json.value(field, std::string());
  };
  std::vector<Condition> conditions;
  for (const Json& each : list) {
    conditions.push_back({text(each, "type"), text(each, "status"), text(each, "reason"),
                          text(each, "message"), text(each, "lastTransitionTime"),
                          Whole(each, "observedGeneration")});
  }
  return conditions;
}

Json WriteConditions(const std::vector<Condition>& conditions) {
  Json list = Json::array();
  for (const Condition& each : conditions) {
    list.push_back({{"type", each.type},
                    {"status", each.status},
                    {"reason", each.reason},
                    {"message", each.message},
                    {"lastTransitionTime", each.last_transition_time},
                    {"observedGeneration", each.observed_generation}});
  }
  return list;
}

}  // namespace vmafx::api
