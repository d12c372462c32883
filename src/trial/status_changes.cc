#include "trial/status_changes.h"

#include <map>
#include <set>

#include <fmt/format.h>

namespace trial {
namespace {

using kube::Object;
using value::FindString;
using value::Json;

constexpr size_t kLongestValue = 160;

struct State {
  std::string value;
  std::string more;  // said with the value, but a change of it alone is no news
  bool wrong = false;
};
using States = std::map<std::string, State>;

std::string Short(std::string text) {
  if (text.size() <= kLongestValue) return text;
  size_t end = kLongestValue;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "\xE2\x80\xA6";
}

bool IsBadWord(const std::string& word) {
  return word.find("Fail") != std::string::npos || word.find("Err") != std::string::npos ||
         word.find("BackOff") != std::string::npos || word.find("Invalid") != std::string::npos ||
         word == "OOMKilled" || word == "Unschedulable" || word == "ProgressDeadlineExceeded";
}

// Values that only say where or when, or repeat what conditions say.
bool IsNoise(const std::string& field) {
  static const std::set<std::string> kNoise = {"observedGeneration", "hostIP", "podIP", "qosClass",
                                               "collisionCount"};
  return kNoise.count(field) != 0 || field.ends_with("Time");
}

void AddPlainValues(const Json& status, States& states) {
  for (const auto& [field, value] : status.items()) {
    if (IsNoise(field)) continue;
    if (value.is_string()) {
      const auto text = value.get<std::string>();
      states[field] = {Short(text), "", IsBadWord(text) && text.find(' ') == std::string::npos};
    } else if (value.is_number() || value.is_boolean()) {
      states[field] = {value.dump(), "", false};
    }
  }
}

void AddConditions(const Json& status, States& states) {
  const Json* conditions = value::Find(status, {"conditions"});
  if (conditions == nullptr || !conditions->is_array()) return;
  for (const Json& condition : *conditions) {
    const std::string type = FindString(condition, {"type"});
    const std::string reason = FindString(condition, {"reason"});
    const std::string now = FindString(condition, {"status"});
    const std::string message = FindString(condition, {"message"});
    const std::string because = reason.empty() ? "" : " (" + reason + ")";
    states["condition " + type] = {now + because, message.empty() ? "" : ": " + Short(message),
                                   IsBadWord(reason) || (IsBadWord(type) && now == "True")};
  }
}

State ContainerState(const Json& status) {
  State state;
  if (value::Find(status, {"state", "running"}) != nullptr) state.value = "running";
  if (value::Find(status, {"state", "waiting"}) != nullptr) {
    const std::string reason = FindString(status, {"state", "waiting", "reason"});
    const std::string message = FindString(status, {"state", "waiting", "message"});
    state = {"waiting, " + reason, message.empty() ? "" : ": " + Short(message), IsBadWord(reason)};
  }
  if (const Json* ended = value::Find(status, {"state", "terminated"}); ended != nullptr) {
    const Json* found = value::Find(*ended, {"exitCode"});
    const int64_t code = found != nullptr && found->is_number_integer() ? found->get<int64_t>() : 0;
    state.value = fmt::format("ended, {}, exit status {}", FindString(*ended, {"reason"}), code);
    state.wrong = code != 0;
  }
  const Json* restarts = value::Find(status, {"restartCount"});
  if (restarts != nullptr && restarts->is_number_integer() && *restarts > 0)
    state.value += fmt::format(", restarted {} times", restarts->get<int64_t>());
  return state;
}

void AddContainers(const Json& status, States& states) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json* containers = value::Find(status, {list});
    if (containers == nullptr || !containers->is_array()) continue;
    for (const Json& container : *containers)
      states["container " + FindString(container, {"name"})] = ContainerState(container);
  }
}

States StatesOf(const Object& object) {
  States states;
  if (const Json* status = object.Find({"status"}); status != nullptr && status->is_object()) {
    AddPlainValues(*status, states);
    AddConditions(*status, states);
    AddContainers(*status, states);
  }
  if (object.deleting()) {
    const Json* finalizers = object.Find({"metadata", "finalizers"});
    const bool held = finalizers != nullptr && !finalizers->empty();
    states["deletion"] = {"asked for", held ? ", finalizers " + finalizers->dump() : "", false};
  }
  return states;
}

}  // namespace

std::vector<StatusChange> StatusChanges(const Object* before, const Object& after) {
  const States old = before == nullptr ? States{} : StatesOf(*before);
  std::vector<StatusChange> changes;
  for (const auto& [what, state] : StatesOf(after)) {
    const auto known = old.find(what);
    if (known != old.end() && known->second.value == state.value) continue;
    changes.push_back({fmt::format("{}: {}{}", what, state.value, state.more), state.wrong});
  }
  if (before == nullptr) return changes;
  const auto differs = [&](const std::vector<std::string>& path) {
    const Json* was = before->Find(path);
    const Json* is = after.Find(path);
    return is != nullptr && (was == nullptr || *was != *is);
  };
  if (differs({"metadata", "generation"}))
    changes.push_back(
        {"spec changed: generation " + after.Find({"metadata", "generation"})->dump(), false});
  if (differs({"data"})) changes.push_back({"data changed", false});
  return changes;
}

}  // namespace trial
