#include "vmafx/operator/training_status.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

using kube::Json;

// What is the matter with a trainer that does not answer.
struct Diagnosis {
  std::string phase;  // Failed or Initializing
  std::string reason;
  std::string message;
};

Diagnosis Failure(std::string reason, std::string message) {
  return {std::string(api::kFailed), std::move(reason), std::move(message)};
}

Diagnosis Waiting(std::string reason, std::string message) {
  return {std::string(api::kInitializing), std::move(reason), std::move(message)};
}

int64_t Number(const kube::ObjectPtr& object, const std::vector<std::string>& path) {
  const Json* found = object == nullptr ? nullptr : object->Find(path);
  return found != nullptr && found->is_number_integer() ? found->get<int64_t>() : 0;
}

// Its controller has seen the newest spec and the newest Pod is of it. Until then an answer may be
// the old trainer's.
bool RolledOut(const kube::ObjectPtr& deployment) {
  return Number(deployment, {"status", "observedGeneration"}) >=
             Number(deployment, {"metadata", "generation"}) &&
         Number(deployment, {"status", "updatedReplicas"}) > 0;
}

const Json* ConditionOf(const kube::Object& object, std::string_view type) {
  const Json* conditions = object.Find({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  auto found = std::find_if(conditions->begin(), conditions->end(), [&](const Json& each) {
    return value::FindString(each, {"type"}) == type;
  });
  return found == conditions->end() ? nullptr : &*found;
}

// Reasons with which a container only waits for its turn.
bool IsOrdinary(const std::string& reason) {
  return reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing";
}

// "exited with 1: last lines of its log", of the run before or of this one; "" when there is none.
std::string LastEnd(const Json& container) {
  for (const char* state : {"state", "lastState"}) {
    const Json* ended = value::Find(container, {state, "terminated"});
    if (ended == nullptr) continue;
    const Json* code = value::Find(*ended, {"exitCode"});
    std::string text = fmt::format("exited with {}",
                                   code == nullptr ? std::string("an unknown code") : code->dump());
    const std::string reason = value::FindString(*ended, {"reason"});
    if (!reason.empty() && reason != "Error" && reason != "Completed") text += " (" + reason + ")";
    const std::string words(base::Trim(value::FindString(*ended, {"message"})));
    return words.empty() ? text : text + ": " + words;
  }
  return "";
}

std::string WithMessage(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : reason + ": " + message;
}

std::string ClaimTrouble(const kube::ObjectPtr& claim) {
  const std::string phase = claim == nullptr ? "" : claim->String({"status", "phase"});
  if (phase.empty() || phase == "Bound") return "";
  return fmt::format("PersistentVolumeClaim {} is {}", claim->name(), phase);
}

Diagnosis DiagnosePod(const TrainingView& view, const kube::Object& pod) {
  const std::string who = "trainer Pod " + pod.name();
  const Json* scheduled = ConditionOf(pod, "PodScheduled");
  if (scheduled != nullptr && value::FindString(*scheduled, {"status"}) == "False") {
    const std::string reason = value::FindString(*scheduled, {"reason"});
    std::string text =
        fmt::format("{}: {}", who, WithMessage(reason, value::FindString(*scheduled, {"message"})));
    const std::string claim = ClaimTrouble(view.claim);
    if (!claim.empty()) text += "; " + claim;
    return Waiting(reason.empty() ? "Unschedulable" : reason, text);
  }
  const Json* container = pod.Find({"status", "containerStatuses", "0"});
  const Json none = Json::object();
  if (container == nullptr) container = &none;
  const std::string reason = value::FindString(*container, {"state", "waiting", "reason"});
  const std::string end = LastEnd(*container);
  if (!IsOrdinary(reason)) {
    const std::string message =
        reason == "CrashLoopBackOff" && !end.empty()
            ? end
            : value::FindString(*container, {"state", "waiting", "message"});
    return Failure(reason, fmt::format("{}: {}", who, WithMessage(reason, message)));
  }
  if (value::Find(*container, {"state", "terminated"}) != nullptr) {
    return Failure("TrainerEnded", fmt::format("{} {}", who, end));
  }
  if (value::Find(*container, {"state", "running"}) != nullptr) {
    return Waiting("NotAnswering", view.trainer.trouble.empty()
                                       ? who + " runs and has not answered yet"
                                       : who + " runs: " + view.trainer.trouble);
  }
  std::string text = who + " is being created";
  if (!view.training.registry_secret.empty()) {
    text += fmt::format("; it needs Secret {} with key .dockerconfigjson",
                        view.training.registry_secret);
  }
  return Waiting("Creating", text);
}

// The Pod that counts: not one that is going, the newest by name of time.
const kube::Object* CurrentPod(const std::vector<kube::ObjectPtr>& pods) {
  const kube::Object* current = nullptr;
  const auto made = [](const kube::Object& pod) {
    return pod.String({"metadata", "creationTimestamp"});
  };
  for (const kube::ObjectPtr& pod : pods) {
    const std::string phase = pod->String({"status", "phase"});
    if (pod->deleting() || phase == "Failed" || phase == "Succeeded") continue;
    if (current == nullptr || made(*pod) > made(*current)) current = pod.get();
  }
  return current;
}

Diagnosis Diagnose(const TrainingView& view) {
  const kube::Object* pod = CurrentPod(view.pods);
  if (pod != nullptr) return DiagnosePod(view, *pod);
  const Json* refused =
      view.deployment == nullptr ? nullptr : ConditionOf(*view.deployment, "ReplicaFailure");
  if (refused != nullptr && value::FindString(*refused, {"status"}) == "True") {
    const std::string reason = value::FindString(*refused, {"reason"});
    return Failure(reason.empty() ? "ReplicaFailure" : reason,
                   fmt::format("Deployment {}: {}", view.deployment->name(),
                               WithMessage(reason, value::FindString(*refused, {"message"}))));
  }
  const std::string claim = ClaimTrouble(view.claim);
  if (!claim.empty()) return Waiting("ClaimPending", claim);
  return Waiting("Creating", "the trainer's Pod is not there yet");
}

void TakeReport(const TrainerReport& report, api::TrainingStatus& status) {
  status.current_samples = report.current_samples;
  // A trainer that has just begun may not know of its earlier checkpoints yet; ours is the memory.
  if (!report.last_checkpoint.empty()) status.last_checkpoint = report.last_checkpoint;
  if (!report.model_version.empty()) status.model_version = report.model_version;
  if (!report.model_digest.empty()) status.model_digest = report.model_digest;
  if (!report.last_stability_gate_result.empty()) {
    status.last_stability_gate_result = report.last_stability_gate_result;
  }
}

// What an answering trainer says of itself.
Diagnosis FromReport(const TrainerReport& report) {
  const std::string reason =
      report.phase == api::kRunning ? "TrainerAnswers" : "Trainer" + report.phase;
  return {report.phase, reason, report.message};
}

// A gate's result is its name, and maybe more after it: "Passed", "NotEnoughSamples: 3 of 8".
void SetGate(api::TrainingStatus& status, int64_t generation, const std::string& now) {
  const std::string& result = status.last_stability_gate_result;
  if (result.empty()) return;
  const std::string name = result.substr(0, result.find_first_of(": "));
  const char* verdict = name == "Passed"             ? "True"
                        : name == "NotEnoughSamples" ? "Unknown"
                                                     : "False";
  api::SetCondition(
      status.conditions,
      {std::string(api::kStabilityGateCondition), verdict, name, result, "", generation}, now);
}

}  // namespace

std::optional<TrainerPod> RunningTrainer(const std::vector<kube::ObjectPtr>& pods) {
  const kube::Object* pod = CurrentPod(pods);
  if (pod == nullptr) return std::nullopt;
  const std::string ip = pod->String({"status", "podIP"});
  const bool runs = pod->Find({"status", "containerStatuses", "0", "state", "running"}) != nullptr;
  if (!runs || ip.empty()) return std::nullopt;
  return TrainerPod{pod->uid(), ip};
}

api::TrainingStatus NextTrainingStatus(const TrainingView& view) {
  api::TrainingStatus status = view.training.status;
  const int64_t generation = view.training.generation;
  const std::string now = base::FormatTime(view.now);
  Diagnosis found;
  if (!view.refusal.empty()) {
    found = Failure("InvalidSpec", view.refusal);
  } else if (!view.obstacle.empty()) {
    found = Failure("NotCreated", view.obstacle);
  } else if (!view.delay.empty()) {
    found = Waiting("Replacing", view.delay);
  } else if (view.trainer.answers() && RolledOut(view.deployment)) {
    TakeReport(*view.trainer.report, status);
    found = FromReport(*view.trainer.report);
  } else {
    found = Diagnose(view);
  }
  status.phase = found.phase;
  status.message = found.message;
  status.active_node_count = view.active_nodes;
  status.observed_generation = generation;
  const bool ready = found.phase == api::kRunning;
  api::SetCondition(status.conditions,
                    {std::string(api::kReadyCondition), ready ? "True" : "False", found.reason,
                     found.message, "", generation},
                    now);
  SetGate(status, generation, now);
  return status;
}

std::optional<std::string> CheckpointNews(const api::TrainingStatus& old,
                                          const api::TrainingStatus& next) {
  // Text of RFC 3339 in UTC sorts as the times do.
  if (next.last_checkpoint <= old.last_checkpoint) return std::nullopt;
  std::string text =
      fmt::format("checkpoint {} written at {}", next.model_version, next.last_checkpoint);
  if (!next.model_digest.empty()) text += ", " + next.model_digest;
  if (!next.last_stability_gate_result.empty()) {
    text += ", stability gate: " + next.last_stability_gate_result;
  }
  return text;
}

}  // namespace vmafx::operators
