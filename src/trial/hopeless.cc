#include "trial/hopeless.h"

#include <algorithm>

#include <fmt/format.h>

#include "trial/demand.h"

namespace trial {
namespace {

using value::Json;

bool Mentions(const Json& json, const std::string& word) {
  if (json.is_string()) return json.get_ref<const std::string&>() == word;
  if (!json.is_structured()) return false;
  return std::any_of(json.begin(), json.end(),
                     [&](const Json& inner) { return Mentions(inner, word); });
}

// Is the object its own master, or made by one that never makes another of the same name?
bool StaysAsItIs(const kube::Object& object) {
  const auto owners = object.owners();
  return std::all_of(owners.begin(), owners.end(), [](const kube::Object::Owner& owner) {
    return owner.kind == "Job" || owner.kind == "CronJob";
  });
}

std::string InvalidImage(const kube::Object& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json* statuses = pod.Find({"status", list});
    if (statuses == nullptr || !statuses->is_array()) continue;
    for (const Json& status : *statuses) {
      if (value::FindString(status, {"state", "waiting", "reason"}) == "InvalidImageName")
        return fmt::format("container {} has an invalid image name (InvalidImageName): {}",
                           value::FindString(status, {"name"}),
                           value::FindString(status, {"image"}));
    }
  }
  return "";
}

// `.status.phase: {not: Failed}` does not ask for it, `{matches: ^(Succeeded|Failed)$}` does.
bool AsksFor(const Demand::Field& field, const std::string& word) {
  if (field.path.text().find(word) != std::string::npos) return true;
  if (!field.written.is_object()) return Mentions(field.written, word);
  const Json found = word;
  for (const auto& [rule, wanted] : field.written.items()) {
    if (rule == "not") continue;
    if (rule != "matches" && Mentions(wanted, word)) return true;
    if (rule != "matches") continue;
    const auto pattern = expect::Matcher::Parse({{rule, wanted}});
    if (pattern.ok() && pattern->Miss(&found).empty()) return true;
  }
  return false;
}

bool IsOfStatus(const Demand::Field& field) {
  const auto keys = field.path.Keys();
  return !keys.empty() && keys.front() == "status";
}

// Is it the status of `object` that is not as asked for?
bool MissesTheStatus(const Condition& condition, const Judgement& judgement) {
  if (!condition.demand) {
    return std::any_of(
        judgement.mismatches.begin(), judgement.mismatches.end(),
        [](const auto& one) { return !one.path.empty() && one.path[0] == "status"; });
  }
  const auto& fields = condition.demand->fields;
  return std::any_of(fields.begin(), fields.end(), [&](const Demand::Field& field) {
    if (!IsOfStatus(field)) return false;
    const auto found = field.path.Select(judgement.nearest->json());
    return std::any_of(found.begin(), found.end(),
                       [&](const auto& one) { return !field.matcher.Miss(one.value).empty(); });
  });
}

// Does the condition want to know how often a Job has failed?
bool CountsFailures(const Condition& condition) {
  const Json* status = value::Find(condition.manifest.object.json(), {"status"});
  if (status != nullptr && status->contains("failed")) return true;
  if (!condition.demand) return false;
  const auto& fields = condition.demand->fields;
  return std::any_of(fields.begin(), fields.end(), [](const Demand::Field& field) {
    const auto keys = field.path.Keys();
    return keys.size() > 1 && keys[0] == "status" && keys[1] == "failed";
  });
}

// One object that has to be there and look so, as opposed to a number of them, or none.
bool WantsOne(const Condition& condition) {
  if (condition.name.empty() || condition.want == Condition::Want::kAbsent) return false;
  return !condition.demand || (!condition.demand->never && !condition.demand->count);
}

}  // namespace

bool AsksFor(const Condition& condition, const std::string& word) {
  if (!condition.demand) return Mentions(condition.manifest.object.json(), word);
  const auto& fields = condition.demand->fields;
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Demand::Field& field) { return AsksFor(field, word); });
}

std::string Hopeless(const Condition& condition, const Judgement& judgement) {
  if (!WantsOne(condition)) return "";
  if (judgement.holds || !judgement.nearest || judgement.error) return "";
  const kube::Object& object = *judgement.nearest;
  if (object.deleting() || !StaysAsItIs(object)) return "";
  if (!MissesTheStatus(condition, judgement)) return "";
  const std::string kind = condition.kind.kind;
  if (kind == "Job" && condition.kind.group == "batch" && object.Condition("Failed") == "True") {
    if (CountsFailures(condition) || AsksFor(condition, "Failed")) return "";
    return fmt::format("{} has failed for good", object.Text());
  }
  if (kind != "Pod" || !condition.kind.group.empty()) return "";
  if (object.String({"status", "phase"}) == "Failed" &&
      object.String({"spec", "restartPolicy"}) == "Never" && !AsksFor(condition, "Failed"))
    return fmt::format("{} has failed and its restartPolicy is Never", object.Text());
  const std::string image = InvalidImage(object);
  if (image.empty() || AsksFor(condition, "InvalidImageName")) return "";
  return fmt::format("{}: {}", object.Text(), image);
}

}  // namespace trial
