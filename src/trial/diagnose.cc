#include "trial/diagnose.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/pod_trouble.h"

namespace trial {
namespace {

using kube::Object;
using kube::ObjectPtr;
using value::FindString;
using value::Json;
using Weight = Cause::Weight;

constexpr size_t kMostPods = 3;
constexpr size_t kMostEvents = 3;
constexpr size_t kMostLogs = 3;
constexpr int kDeepest = 6;

const kube::Kind kPod{"", "v1", "Pod"};
const kube::Kind kClaim{"", "v1", "PersistentVolumeClaim"};
const kube::Kind kNode{"", "v1", "Node"};
const kube::Kind kQuota{"", "v1", "ResourceQuota"};
const kube::Kind kReplicaSet{"apps", "v1", "ReplicaSet"};
const kube::Kind kJob{"batch", "v1", "Job"};

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

bool IsBuiltIn(const Object& object) {
  const std::string group = object.kind().group;
  return group.find('.') == std::string::npos;
}

Weight WeightOf(const Object& object, const std::string& type, const std::string& reason) {
  if (reason == "ProgressDeadlineExceeded" || type == "ReplicaFailure") return Weight::kStuck;
  // What somebody's operator writes is meant to be read; what Kubernetes writes here only counts.
  return IsBuiltIn(object) ? Weight::kSymptom : Weight::kTrouble;
}

std::vector<Cause> ConditionTrouble(const Object& object) {
  std::vector<Cause> causes;
  const Json* conditions = object.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return causes;
  for (const Json& condition : *conditions) {
    const std::string type = FindString(condition, {"type"});
    const std::string status = FindString(condition, {"status"});
    const std::string reason = FindString(condition, {"reason"});
    const std::string why = Reasoned(reason, FindString(condition, {"message"}));
    if (!IsTrouble(type, status) || why.empty()) continue;
    causes.push_back({fmt::format("{}: condition {} is {}: {}", object.Text(), type, status, why),
                      reason, object.Text(), WeightOf(object, type, reason)});
  }
  return causes;
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

// A claim that somebody waits for by itself, without a Pod.
std::vector<Cause> ClaimTrouble(const Object& claim) {
  const std::string phase = claim.String({"status", "phase"});
  if (claim.kind() != kClaim || phase == "Bound" || phase.empty()) return {};
  return {{fmt::format("{} is {}", claim.Text(), phase), "PersistentVolumeClaim" + phase,
           claim.Text(), Weight::kTrouble}};
}

bool IsPod(const Object& object) {
  return object.kind() == kPod;
}

bool HasPods(const World& world, const std::string& owner) {
  return std::any_of(world.objects.begin(), world.objects.end(), [&](const ObjectPtr& object) {
    const auto owners = object->owners();
    return IsPod(*object) && std::any_of(owners.begin(), owners.end(),
                                         [&](const auto& one) { return one.uid == owner; });
  });
}

// Newest first; about one of `uids`, or about anything when that is null.
std::vector<const Object*> EventsAbout(const World& world, const std::set<std::string>* uids) {
  std::vector<const Object*> events;
  for (const ObjectPtr& event : world.events) {
    // The reason why a claim stays unbound is "Normal" to Kubernetes.
    const bool wrong =
        event->String({"type"}) == "Warning" || event->String({"reason"}) == "FailedBinding";
    if (!wrong) continue;
    if (uids != nullptr && uids->count(event->String({"involvedObject", "uid"})) == 0) continue;
    events.push_back(event.get());
  }
  const auto when = [](const Object* event) {
    for (const char* field : {"lastTimestamp", "eventTime", "firstTimestamp"})
      if (const std::string at = event->String({field}); !at.empty()) return at;
    return event->String({"metadata", "creationTimestamp"});
  };
  std::stable_sort(events.begin(), events.end(),
                   [&](const Object* a, const Object* b) { return when(a) > when(b); });
  return events;
}

// The object that an event is about: `subject` or one of the world; null when it is not known.
const Object* Involved(const Object& event, const Object* subject, const World& world) {
  const std::string uid = event.String({"involvedObject", "uid"});
  if (subject != nullptr && subject->uid() == uid) return subject;
  for (const ObjectPtr& object : world.objects)
    if (object->uid() == uid) return object.get();
  return nullptr;
}

// What the kubelet says of a volume while it only has not heard of the object yet: nobody has to
// mend that. pkg/kubelet/util/manager/watch_based_manager.go and plugin/pkg/auth/authorizer/node of
// https://github.com/kubernetes/kubernetes
bool CatchesUp(const Object& event) {
  const std::string message = event.String({"message"});
  return message.find("cache: timed out waiting for the condition") != std::string::npos ||
         message.find("no relationship found between node") != std::string::npos ||
         message.find(" not registered") != std::string::npos;
}

// An event is of the past: only the state of its object says whether it is still so.
Weight WeightOf(const Object& event, const Object* about, const World& world) {
  const std::string reason = event.String({"reason"});
  if (reason == "Unhealthy") return Weight::kTelling;
  if (about == nullptr) return Weight::kTrouble;
  bool still = false;
  // Quotas, webhooks and Pod security say no to a controller; once a Pod is there it got through.
  if (reason == "FailedCreate") still = !HasPods(world, about->uid());
  if (reason == "FailedMount" || reason == "FailedAttachVolume")
    still = about->String({"status", "phase"}) == "Pending" && !CatchesUp(event);
  if (reason == "ProvisioningFailed" || reason == "FailedBinding")
    still = about->String({"status", "phase"}) == "Pending";
  return still ? Weight::kRoot : Weight::kTrouble;
}

Cause EventCause(const Object& event, const Object* subject, const World& world) {
  const Json* count = event.Find({"count"});
  const bool repeated = count != nullptr && count->is_number_integer() && *count > 1;
  const std::string about =
      event.String({"involvedObject", "kind"}) + " " + event.String({"involvedObject", "name"});
  const std::string reason = event.String({"reason"});
  return {fmt::format("event for {}: {}{}: {}", about, reason,
                      repeated ? fmt::format(" ({} times)", count->get<int64_t>()) : "",
                      OneLine(event.String({"message"}))),
          reason, about, WeightOf(event, Involved(event, subject, world), world)};
}

// What the quotas of the namespace say, when one of the events blames them.
void AddQuotas(const World& world, const std::vector<const Object*>& events,
               std::vector<Cause>& causes) {
  for (const ObjectPtr& object : world.objects) {
    if (object->kind() != kQuota) continue;
    const bool blamed = std::any_of(events.begin(), events.end(), [&](const Object* event) {
      return event->String({"message"}).find("exceeded quota: " + object->name()) !=
             std::string::npos;
    });
    const Json* hard = object->Find({"status", "hard"});
    if (!blamed || hard == nullptr || !hard->is_object()) continue;
    std::vector<std::string> uses;
    for (const auto& [resource, limit] : hard->items()) {
      const std::string used = object->String({"status", "used", resource});
      uses.push_back(fmt::format("{} {} of {}", resource, used.empty() ? "0" : used,
                                 limit.is_string() ? limit.get<std::string>() : limit.dump()));
    }
    causes.push_back({fmt::format("{}: used {}", object->Text(), base::Join(uses, ", ")),
                      "ExceededQuota", object->Text(), Weight::kTrouble});
  }
}

// `uids`: of what the events may be about; null: anything.
void AddEvents(const Object* subject, const World& world, const std::set<std::string>* uids,
               std::vector<Cause>& causes) {
  std::set<std::string> seen;
  const auto events = EventsAbout(world, uids);
  AddQuotas(world, events, causes);
  for (const Object* event : events) {
    if (seen.size() == kMostEvents) return;
    const Object* about = Involved(*event, subject, world);
    // What a Pod suffered before it became well is history.
    if (about != nullptr && IsPod(*about) && about->Condition("Ready") == "True") continue;
    // The same reason again says nothing new.
    if (seen.insert(event->String({"reason"})).second)
      causes.push_back(EventCause(*event, subject, world));
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

// A ReplicaSet of an older revision, wanted by nobody.
bool IsRetired(const Object& object) {
  const Json* replicas = object.Find({"spec", "replicas"});
  return object.kind().kind == "ReplicaSet" && replicas != nullptr && *replicas == 0;
}

std::vector<const Object*> PodsOf(const Object* subject, const World& world) {
  std::vector<const Object*> pods;
  if (subject != nullptr) {
    for (const Object* object : Family(*subject, world))
      if (IsPod(*object)) pods.push_back(object);
    return pods;
  }
  for (const ObjectPtr& object : world.objects)
    if (IsPod(*object)) pods.push_back(object.get());
  return pods;
}

// What stands between `kind` and the Pods that it makes, if it makes any.
std::vector<kube::Kind> Between(const kube::Kind& kind) {
  if (kind == kPod || kind == kClaim) return {};
  if (kind == kube::Kind{"apps", "v1", "Deployment"}) return {kReplicaSet, kPod};
  if (kind == kube::Kind{"batch", "v1", "CronJob"}) return {kJob, kPod};
  const bool built_in = kind.group.find('.') == std::string::npos;
  if (built_in) return {kPod};
  return DiagnosedKinds();  // somebody's own kind may own anything
}

bool BlamesQuota(const World& world) {
  return std::any_of(world.events.begin(), world.events.end(), [](const ObjectPtr& event) {
    return event->String({"message"}).find("exceeded quota") != std::string::npos;
  });
}

}  // namespace

std::vector<kube::Kind> DiagnosedKinds() {
  return {kPod,
          kReplicaSet,
          kube::Kind{"apps", "v1", "Deployment"},
          kube::Kind{"apps", "v1", "StatefulSet"},
          kube::Kind{"apps", "v1", "DaemonSet"},
          kJob,
          kClaim};
}

std::vector<kube::Kind> KindsFor(const kube::Object* subject, const World& world) {
  std::vector<kube::Kind> kinds = {{"", "v1", "Event"}};
  const auto between =
      subject == nullptr ? std::vector<kube::Kind>{kPod} : Between(subject->kind());
  kinds.insert(kinds.end(), between.begin(), between.end());
  const auto pods = PodsOf(subject, world);
  const auto any = [&](bool (*wanted)(const Object&)) {
    return std::any_of(pods.begin(), pods.end(), [&](const Object* pod) { return wanted(*pod); });
  };
  if (any(WaitsForClaims)) kinds.push_back(kClaim);
  if (any(WaitsForNode)) kinds.push_back(kNode);
  if (BlamesQuota(world)) kinds.push_back(kQuota);
  return kinds;
}

std::vector<LogOf> LogsFor(const kube::Object* subject, const World& world) {
  std::vector<LogOf> logs;
  for (const Object* pod : PodsOf(subject, world)) {
    for (LogOf& log : LogsOfPod(*pod))
      if (logs.size() < kMostLogs) logs.push_back(std::move(log));
  }
  return logs;
}

std::vector<Cause> Diagnose(const Object& subject, const World& world) {
  std::vector<Cause> causes;
  std::set<std::string> uids;
  size_t pods = 0;
  for (const Object* object : Family(subject, world)) {
    uids.insert(object->uid());
    if (IsRetired(*object)) continue;
    if (IsPod(*object)) {
      auto troubles = PodTrouble(*object, world);
      if (troubles.empty() || ++pods > kMostPods) continue;
      for (Cause& trouble : troubles) causes.push_back(std::move(trouble));
      continue;
    }
    if (std::string replicas = ReplicaTrouble(*object); !replicas.empty())
      causes.push_back({std::move(replicas), "", object->Text(), Weight::kSymptom});
    for (Cause& cause : ConditionTrouble(*object)) causes.push_back(std::move(cause));
    for (Cause& cause : ClaimTrouble(*object)) causes.push_back(std::move(cause));
  }
  AddEvents(&subject, world, &uids, causes);
  return InOneLine(std::move(causes));
}

std::vector<Cause> DiagnoseAbsence(const World& world) {
  std::vector<Cause> causes;
  size_t pods = 0;
  for (const ObjectPtr& object : world.objects) {
    if (!IsPod(*object)) continue;
    auto troubles = PodTrouble(*object, world);
    if (troubles.empty() || ++pods > kMostPods) continue;
    causes.push_back(std::move(troubles.front()));
  }
  AddEvents(nullptr, world, nullptr, causes);
  return InOneLine(std::move(causes));
}

}  // namespace trial
