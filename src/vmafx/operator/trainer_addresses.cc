#include "vmafx/operator/trainer_addresses.h"

#include <algorithm>

#include <fmt/format.h>

#include "vmafx/api/feedback.h"
#include "vmafx/api/names.h"
#include "vmafx/api/training.h"

namespace vmafx::operators {

std::vector<std::string> TrainersFor(
    const std::string& ns, const std::optional<std::map<std::string, std::string>>& node_labels,
    const std::vector<kube::ObjectPtr>& trainings) {
  std::vector<std::string> addresses;
  for (const kube::ObjectPtr& object : trainings) {
    if (object->ns() != ns || object->deleting()) continue;
    const auto training = api::ReadTraining(*object);
    if (!training.ok() || !api::CheckTraining(*training).ok()) continue;
    const auto& selector = training->spec.node_selector;
    if (!selector.empty() && !(node_labels && Selects(selector, *node_labels))) continue;
    addresses.push_back(
        fmt::format("{}:{}", api::TrainerHost(object->name(), ns), api::kTrainerFeedbackPort));
  }
  std::sort(addresses.begin(), addresses.end());
  return addresses;
}

std::map<std::string, std::string> LabelsOf(const kube::Object& object) {
  std::map<std::string, std::string> labels;
  const kube::Json* found = object.Find({"metadata", "labels"});
  if (found == nullptr || !found->is_object()) return labels;
  for (const auto& [name, value] : found->items()) {
    if (value.is_string()) labels[name] = value.get<std::string>();
  }
  return labels;
}

bool Selects(const std::map<std::string, std::string>& selector,
             const std::map<std::string, std::string>& labels) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& wanted) {
    auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

}  // namespace vmafx::operators
