#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kube/object.h"

namespace vmafx::api {

// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.30/#condition-v1-meta
struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;
  std::string message;
  std::string last_transition_time;
  int64_t observed_generation = 0;
};

// The one of this type, null when there is none.
const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);

// Sets the condition of its type; the transition time changes only with the status.
void SetCondition(std::vector<Condition>& conditions, Condition condition, const std::string& now);

// The list at `.status.conditions`. Reading throws Json::exception where a field has another type
// than the CRDs' schema allows.
std::vector<Condition> ReadConditions(const kube::Json& list);
kube::Json WriteConditions(const std::vector<Condition>& conditions);

}  // namespace vmafx::api
