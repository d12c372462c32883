#include "trial/diagnose.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace trial {
namespace {

using kube::Object;
using kube::ObjectPtr;
using value::FindString;
using value::Json;

constexpr size_t kMostPods = 3;
constexpr size_t kMostEvents = 3;
constexpr int kDeepest = 6;

// Messages come with line breaks and blanks at their ends.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Reasoned(const std::string& reason, const std::string& message) {
  if (reason.empty()) return OneLine(message);
  return message.empty() ? reason : fmt::format("{}: {}", reason, OneLine(message));
}

// Conditions have no common sense: some are good when True, others when False.
bool IsTrouble(const std::string& type, const std::string& status) {
  static const std::set<std::string> good = {"Ready",        "Available",       "Progressing",
                                             "PodScheduled", "ContainersReady", "Complete",
                                             "Established",  "Initialized",     "Healthy",
                                             "Synced",       "Succeeded",       "NamesAccepted"};
  if (good.count(type) != 0) return status != "True";
  const bool bad =
      type.find("Fail") != std::string::npos || type.find("Error") != std::string::npos ||
      type.find("Degraded") != std::string::npos || type.find("Stalled") != std::string::npos;
  return bad && status == "True";
}

std::vector<std::string> ConditionTrouble(const Object& object) {
  std::vector<std::string> lines;
  const Json* conditions = object.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return lines;
  for (const Json& condition : *conditions) {
    const std::string type = FindString(condition, {"type"});
    const std::string status = FindString(condition, {"status"});
    const std::string why =
        Reasoned(FindString(condition, {"reason"}), FindString(condition, {"message"}));
    if (!IsTrouble(type, status) || why.empty()) continue;
    lines.push_back(fmt::format("{}: condition {} is {}: {}", object.Text(), type, status, why));
  }
  return lines;
}

// "0 of 3 replicas are ready" of a workload.
std::string ReplicaTrouble(const Object& object) {
  const Json* wanted = object.Find({"spec", "replicas"});
  if (wanted == nullptr || !wanted->is_number_integer()) return "";
  const Json* ready = object.Find({"status", "readyReplicas"});
  const int64_t have = ready != nullptr && ready->is_number_integer() ? ready->get<int64_t>() : 0;
  if (have >= wanted->get<int64_t>()) return "";
  return fmt::format("{}: {} of {} replicas are ready", object.Text(), have,
                     wanted->get<int64_t>());
}

std::string TerminatedText(const Json& terminated) {
  const Json* code = value::Find(terminated, {"exitCode"});
  const std::string why =
      Reasoned(FindString(terminated, {"reason"}), FindString(terminated, {"message"}));
  return fmt::format("exit code {}{}",
                     code != nullptr && code->is_number_integer() ? code->get<int64_t>() : 0,
                     why.empty() ? "" : " (" + why + ")");
}

int64_t Restarts(const Json& status) {
  const Json* count = value::Find(status, {"restartCount"});
  return count != nullptr && count->is_number_integer() ? count->get<int64_t>() : 0;
}

// A container that is merely starting is trouble only if nothing worse is.
struct ContainerTrouble {
  std::string text;
  int weight = 0;
};

ContainerTrouble TroubleOf(const Json& status) {
  const std::string name = FindString(status, {"name"});
  const Json* waiting = value::Find(status, {"state", "waiting"});
  const Json* terminated = value::Find(status, {"state", "terminated"});
  const Json* last = value::Find(status, {"lastState", "terminated"});
  if (waiting != nullptr && waiting->is_object()) {
    const std::string reason = FindString(*waiting, {"reason"});
    std::string text = fmt::format("container {} is waiting: {}", name,
                                   Reasoned(reason, FindString(*waiting, {"message"})));
    if (last != nullptr && last->is_object())
      text += fmt::format("; it last ended with {}", TerminatedText(*last));
    const bool starting = reason == "ContainerCreating" || reason == "PodInitializing";
    return {std::move(text), starting ? 1 : 3};
  }
  if (terminated != nullptr && terminated->is_object()) {
    const Json* code = value::Find(*terminated, {"exitCode"});
    if (code != nullptr && *code == 0) return {};
    return {fmt::format("container {} ended with {}", name, TerminatedText(*terminated)), 3};
  }
  const Json* ready = value::Find(status, {"ready"});
  if (ready == nullptr || *ready != false) return {};
  std::string text = fmt::format("container {} is running but not ready", name);
  if (Restarts(status) > 0) text += fmt::format(" after {} restarts", Restarts(status));
  if (last != nullptr && last->is_object())
    text += fmt::format("; it last ended with {}", TerminatedText(*last));
  return {std::move(text), 2};
}

std::string ConditionMessage(const Object& object, const std::string& type) {
  const Json* conditions = object.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const Json& condition : *conditions) {
    if (FindString(condition, {"type"}) == type)
      return Reasoned(FindString(condition, {"reason"}), FindString(condition, {"message"}));
  }
  return "";
}

// Newest first, warnings only; about one of `uids`, or about anything when that is null.
std::vector<const Object*> Warnings(const World& world, const std::set<std::string>* uids) {
  std::vector<const Object*> warnings;
  for (const ObjectPtr& event : world.events) {
    if (event->String({"type"}) != "Warning") continue;
    if (uids != nullptr && uids->count(event->String({"involvedObject", "uid"})) == 0) continue;
    warnings.push_back(event.get());
  }
  const auto when = [](const Object* event) {
    for (const char* field : {"lastTimestamp", "eventTime", "firstTimestamp"})
      if (const std::string at = event->String({field}); !at.empty()) return at;
    return event->String({"metadata", "creationTimestamp"});
  };
  std::stable_sort(warnings.begin(), warnings.end(),
                   [&](const Object* a, const Object* b) { return when(a) > when(b); });
  return warnings;
}

std::string EventText(const Object& event) {
  const Json* count = event.Find({"count"});
  const bool repeated = count != nullptr && count->is_number_integer() && *count > 1;
  return fmt::format("event for {} {}: {}{}: {}", event.String({"involvedObject", "kind"}),
                     event.String({"involvedObject", "name"}), event.String({"reason"}),
                     repeated ? fmt::format(" ({} times)", count->get<int64_t>()) : "",
                     OneLine(event.String({"message"})));
}

void AddEvents(const World& world, const std::set<std::string>* uids,
               std::vector<std::string>& lines) {
  std::set<std::string> seen;
  for (const Object* event : Warnings(world, uids)) {
    if (seen.size() == kMostEvents) return;
    // The same reason again says nothing new.
    if (seen.insert(event->String({"reason"})).second) lines.push_back(EventText(*event));
  }
}

// `subject` and what it owns, breadth first.
std::vector<const Object*> Family(const Object& subject, const World& world) {
  std::vector<const Object*> family = {&subject};
  std::set<std::string> uids = {subject.uid()};
  size_t begin = 0;
  for (int depth = 0; depth < kDeepest && begin < family.size(); ++depth) {
    const size_t end = family.size();
    for (const ObjectPtr& object : world.objects) {
      if (uids.count(object->uid()) != 0) continue;
      const auto owners = object->owners();
      const bool owned = std::any_of(owners.begin(), owners.end(), [&](const Object::Owner& owner) {
        return std::any_of(family.begin() + static_cast<std::ptrdiff_t>(begin),
                           family.begin() + static_cast<std::ptrdiff_t>(end),
                           [&](const Object* one) { return one->uid() == owner.uid; });
      });
      if (!owned) continue;
      uids.insert(object->uid());
      family.push_back(object.get());
    }
    begin = end;
  }
  return family;
}

bool IsPod(const Object& object) {
  return object.kind() == kube::Kind{"", "v1", "Pod"};
}

// A ReplicaSet of an older revision, wanted by nobody.
bool IsRetired(const Object& object) {
  const Json* replicas = object.Find({"spec", "replicas"});
  return object.kind().kind == "ReplicaSet" && replicas != nullptr && *replicas == 0;
}

}  // namespace

std::vector<kube::Kind> DiagnosedKinds() {
  return {{"", "v1", "Pod"},
          {"apps", "v1", "ReplicaSet"},
          {"apps", "v1", "Deployment"},
          {"apps", "v1", "StatefulSet"},
          {"apps", "v1", "DaemonSet"},
          {"batch", "v1", "Job"}};
}

std::vector<std::string> PodTrouble(const Object& pod) {
  std::vector<ContainerTrouble> troubles;
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const Json* statuses = pod.Find({"status", list});
    if (statuses == nullptr || !statuses->is_array()) continue;
    for (const Json& status : *statuses) {
      ContainerTrouble trouble = TroubleOf(status);
      if (trouble.weight > 0) troubles.push_back(std::move(trouble));
    }
  }
  std::stable_sort(troubles.begin(), troubles.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::vector<std::string> lines;
  if (pod.Condition("PodScheduled") == "False")
    lines.push_back("not scheduled: " + ConditionMessage(pod, "PodScheduled"));
  const std::string reason = pod.String({"status", "reason"});
  if (pod.String({"status", "phase"}) == "Failed" && !reason.empty())
    lines.push_back("failed: " + Reasoned(reason, pod.String({"status", "message"})));
  for (ContainerTrouble& trouble : troubles) {
    if (trouble.weight == 1 && !lines.empty()) continue;
    lines.push_back(std::move(trouble.text));
  }
  if (lines.empty() && pod.String({"status", "phase"}) == "Pending" && !pod.deleting())
    lines.push_back("pending: no scheduler or kubelet has said anything about it yet");
  return lines;
}

std::vector<std::string> Diagnose(const Object& subject, const World& world) {
  std::vector<std::string> lines;
  std::set<std::string> uids;
  size_t pods = 0;
  for (const Object* object : Family(subject, world)) {
    uids.insert(object->uid());
    if (IsRetired(*object)) continue;
    if (IsPod(*object)) {
      const auto troubles = PodTrouble(*object);
      if (troubles.empty() || ++pods > kMostPods) continue;
      for (const std::string& trouble : troubles)
        lines.push_back(fmt::format("{}: {}", object->Text(), trouble));
      continue;
    }
    if (const std::string replicas = ReplicaTrouble(*object); !replicas.empty())
      lines.push_back(replicas);
    for (std::string& line : ConditionTrouble(*object)) lines.push_back(std::move(line));
  }
  AddEvents(world, &uids, lines);
  return lines;
}

std::vector<std::string> DiagnoseAbsence(const World& world) {
  std::vector<std::string> lines;
  size_t pods = 0;
  for (const ObjectPtr& object : world.objects) {
    if (!IsPod(*object)) continue;
    const auto troubles = PodTrouble(*object);
    if (troubles.empty() || ++pods > kMostPods) continue;
    lines.push_back(fmt::format("{}: {}", object->Text(), troubles.front()));
  }
  AddEvents(world, nullptr, lines);
  return lines;
}

}  // namespace trial
