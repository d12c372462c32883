#include "trial/pod_trouble.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using kube::Object;
using kube::ObjectPtr;
using value::FindString;
using value::Json;
using Weight = Cause::Weight;

constexpr const char* kStatusLists[] = {"initContainerStatuses", "containerStatuses"};

// The kubelet tries them again, mostly in vain. https://github.com/kubernetes/kubernetes
// pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go
bool StaysWaiting(const std::string& reason) {
  static const std::set<std::string> reasons = {
      "ImagePullBackOff",          "ErrImagePull",       "ErrImageNeverPull",
      "InvalidImageName",          "ImageInspectError",  "RegistryUnavailable",
      "SignatureValidationFailed", "CrashLoopBackOff",   "CreateContainerConfigError",
      "CreateContainerError",      "RunContainerError",  "PreStartHookError",
      "PreCreateHookError",        "PostStartHookError",
  };
  return reasons.count(reason) != 0;
}

int64_t Number(const Json& json, const char* field) {
  const Json* found = value::Find(json, {field});
  return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : 0;
}

const Json* Structure(const Json& json, const std::vector<std::string>& path) {
  const Json* found = value::Find(json, path);
  return found != nullptr && found->is_object() ? found : nullptr;
}

std::string TerminatedText(const Json& terminated) {
  const std::string why =
      Reasoned(FindString(terminated, {"reason"}), FindString(terminated, {"message"}));
  return fmt::format("exit code {}{}", Number(terminated, "exitCode"),
                     why.empty() ? "" : " (" + why + ")");
}

std::vector<const Json*> Statuses(const Object& pod) {
  std::vector<const Json*> statuses;
  for (const char* list : kStatusLists) {
    const Json* found = pod.Find({"status", list});
    if (found == nullptr || !found->is_array()) continue;
    for (const Json& status : *found) statuses.push_back(&status);
  }
  return statuses;
}

std::optional<LogOf> LogOfContainer(const Object& pod, const Json& status) {
  const Json* terminated = Structure(status, {"state", "terminated"});
  const bool crashed = Structure(status, {"lastState", "terminated"}) != nullptr;
  const bool runs = Structure(status, {"state", "running"}) != nullptr;
  const Json* ready = value::Find(status, {"ready"});
  const bool unready = runs && ready != nullptr && *ready == false;
  if (terminated != nullptr ? Number(*terminated, "exitCode") == 0 : !crashed && !unready)
    return std::nullopt;
  // While a container waits to be restarted, its log is that of the one before.
  return LogOf{pod.key(), FindString(status, {"name"}), runs && crashed,
               Number(status, "restartCount")};
}

std::string LastLine(const Object& pod, const Json& status, const World& world) {
  const auto log = LogOfContainer(pod, status);
  if (!log) return "";
  const auto found = world.last_lines.find(log->Id());
  if (found == world.last_lines.end() || found->second.empty()) return "";
  return fmt::format("; the last line of its log: \"{}\"", OneLine(found->second));
}

Cause WaitingCause(const Json& status, const Json& waiting) {
  Cause cause;
  cause.reason = FindString(waiting, {"reason"});
  cause.text = fmt::format("container {} is waiting: {}", FindString(status, {"name"}),
                           Reasoned(cause.reason, FindString(waiting, {"message"})));
  const bool starting = cause.reason == "ContainerCreating" || cause.reason == "PodInitializing";
  cause.weight = starting                     ? Weight::kStarting
                 : StaysWaiting(cause.reason) ? Weight::kRoot
                                              : Weight::kTrouble;
  return cause;
}

// Of one container; nothing when it is fine.
std::optional<Cause> ContainerCause(const Json& status) {
  const std::string name = FindString(status, {"name"});
  const Json* last = Structure(status, {"lastState", "terminated"});
  const std::string before =
      last == nullptr ? "" : fmt::format("; it last ended with {}", TerminatedText(*last));
  if (const Json* waiting = Structure(status, {"state", "waiting"})) {
    Cause cause = WaitingCause(status, *waiting);
    cause.text += before;
    return cause;
  }
  if (const Json* terminated = Structure(status, {"state", "terminated"})) {
    if (Number(*terminated, "exitCode") == 0) return std::nullopt;
    const int64_t times = Number(status, "restartCount");
    // Until the kubelet looks again it says this instead of CrashLoopBackOff.
    if (last != nullptr && times > 0) {
      return Cause{fmt::format("container {} crashes again after {} restarts: it ended with {}",
                               name, times, TerminatedText(*terminated)),
                   FindString(*terminated, {"reason"}), "", Weight::kRoot};
    }
    return Cause{fmt::format("container {} ended with {}", name, TerminatedText(*terminated)),
                 FindString(*terminated, {"reason"}), "", Weight::kTrouble};
  }
  const Json* ready = value::Find(status, {"ready"});
  if (ready == nullptr || *ready != false) return std::nullopt;
  const int64_t restarts = Number(status, "restartCount");
  return Cause{fmt::format("container {} is running but not ready{}{}", name,
                           restarts > 0 ? fmt::format(" after {} restarts", restarts) : "", before),
               "NotReady", "", Weight::kTrouble};
}

std::string ConditionText(const Object& object, const std::string& type) {
  const Json* conditions = object.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return "";
  for (const Json& condition : *conditions) {
    if (FindString(condition, {"type"}) == type)
      return Reasoned(FindString(condition, {"reason"}), FindString(condition, {"message"}));
  }
  return "";
}

// Of the Pod as a whole.
std::vector<Cause> PodCauses(const Object& pod) {
  std::vector<Cause> causes;
  if (pod.Condition("PodScheduled") == "False") {
    const std::string why = ConditionText(pod, "PodScheduled");
    const bool unschedulable = base::Split(why, ':').front() == "Unschedulable";
    causes.push_back({"not scheduled: " + why, "Unschedulable", "",
                      unschedulable ? Weight::kRoot : Weight::kTrouble});
  }
  const std::string reason = pod.String({"status", "reason"});
  if (pod.String({"status", "phase"}) == "Failed" && !reason.empty()) {
    causes.push_back({"failed: " + Reasoned(reason, pod.String({"status", "message"})), reason, "",
                      Weight::kTrouble});
  }
  return causes;
}

std::set<std::string> ClaimsOf(const Object& pod) {
  std::set<std::string> claims;
  const Json* volumes = pod.Find({"spec", "volumes"});
  if (volumes == nullptr || !volumes->is_array()) return claims;
  for (const Json& volume : *volumes)
    if (auto claim = FindString(volume, {"persistentVolumeClaim", "claimName"}); !claim.empty())
      claims.insert(std::move(claim));
  return claims;
}

// The newest event about a claim that says why it is not bound: some of them are no warnings.
std::string ClaimEvent(const Object& claim, const World& world) {
  std::string text, when;
  for (const ObjectPtr& event : world.events) {
    if (event->String({"involvedObject", "uid"}) != claim.uid()) continue;
    const std::string at = event->String({"lastTimestamp"});
    if (!text.empty() && at < when) continue;
    when = at;
    text = Reasoned(event->String({"reason"}), event->String({"message"}));
  }
  return text;
}

void AddClaims(const Object& pod, const World& world, std::vector<Cause>& causes) {
  const std::set<std::string> claims = ClaimsOf(pod);
  for (const ObjectPtr& object : world.objects) {
    if (object->kind().kind != "PersistentVolumeClaim" || object->ns() != pod.ns()) continue;
    const std::string phase = object->String({"status", "phase"});
    if (claims.count(object->name()) == 0 || phase == "Bound") continue;
    const std::string why = ClaimEvent(*object, world);
    const bool waits_for_pod = why.compare(0, 20, "WaitForFirstConsumer") == 0;
    causes.push_back({fmt::format("{} of Pod {} is {}{}", object->Text(), pod.name(),
                                  phase.empty() ? "Pending" : phase, why.empty() ? "" : ": " + why),
                      "PersistentVolumeClaim" + phase, object->Text(),
                      waits_for_pod ? Weight::kSymptom : Weight::kRoot});
  }
}

void AddNode(const Object& pod, const World& world, std::vector<Cause>& causes) {
  const std::string name = pod.String({"spec", "nodeName"});
  for (const ObjectPtr& object : world.objects) {
    if (object->kind().kind != "Node" || object->name() != name) continue;
    for (Cause& cause : NodeTrouble(*object)) causes.push_back(std::move(cause));
  }
}

}  // namespace

std::string LogOf::Id() const {
  return fmt::format("Pod {}/{}#{}", pod.Text(), container, restarts);
}

bool WaitsForClaims(const Object& pod) {
  return pod.String({"status", "phase"}) == "Pending" && !ClaimsOf(pod).empty();
}

bool WaitsForNode(const Object& pod) {
  const std::string phase = pod.String({"status", "phase"});
  return !pod.String({"spec", "nodeName"}).empty() && phase != "Succeeded" && phase != "Failed" &&
         (pod.Condition("Ready") != "True" || pod.deleting());
}

std::vector<LogOf> LogsOfPod(const Object& pod) {
  std::vector<LogOf> logs;
  for (const Json* status : Statuses(pod))
    if (auto log = LogOfContainer(pod, *status)) logs.push_back(*std::move(log));
  return logs;
}

std::vector<Cause> NodeTrouble(const Object& node) {
  std::vector<Cause> causes;
  if (node.Condition("Ready") != "True") {
    causes.push_back({fmt::format("{} is not ready: {}", node.Text(), ConditionText(node, "Ready")),
                      "NodeNotReady", node.Text(), Weight::kRoot});
  }
  for (const char* pressure : {"MemoryPressure", "DiskPressure", "PIDPressure"}) {
    if (node.Condition(pressure) != "True") continue;
    causes.push_back({fmt::format("{}: {}", node.Text(), ConditionText(node, pressure)), pressure,
                      node.Text(), Weight::kTrouble});
  }
  return causes;
}

std::vector<Cause> PodTrouble(const Object& pod, const World& world) {
  std::vector<Cause> containers;
  for (const Json* status : Statuses(pod)) {
    auto cause = ContainerCause(*status);
    if (!cause) continue;
    cause->about = fmt::format("{}/{}", pod.Text(), FindString(*status, {"name"}));
    cause->text += LastLine(pod, *status, world);
    containers.push_back(*std::move(cause));
  }
  std::stable_sort(containers.begin(), containers.end(),
                   [](const Cause& a, const Cause& b) { return a.weight > b.weight; });
  std::vector<Cause> causes = PodCauses(pod);
  for (Cause& cause : containers) {
    // A container that is merely starting is worth a line only if nothing worse is.
    if (cause.weight == Weight::kStarting && !causes.empty()) continue;
    causes.push_back(std::move(cause));
  }
  const bool pending = pod.String({"status", "phase"}) == "Pending";
  if (causes.empty() && pending && !pod.deleting()) {
    causes.push_back({"pending: no scheduler or kubelet has said anything about it yet", "Pending",
                      "", Weight::kStarting});
  }
  if (causes.empty() && pod.String({"status", "phase"}) == "Running" &&
      pod.Condition("Ready") == "False") {
    causes.push_back(
        {"not ready: " + ConditionText(pod, "Ready"), "NotReady", "", Weight::kTrouble});
  }
  for (Cause& cause : causes) {
    cause.text = fmt::format("{}: {}", pod.Text(), cause.text);
    if (cause.about.empty()) cause.about = pod.Text();
  }
  if (WaitsForClaims(pod)) AddClaims(pod, world, causes);
  if (WaitsForNode(pod)) AddNode(pod, world, causes);
  return causes;
}

}  // namespace trial
