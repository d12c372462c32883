#include "vmafx/operator/worker_pod.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

using kube::Json;

constexpr char kAttemptLabel[] = "vmafx.dev/attempt";
constexpr char kJobKind[] = "VmafxJob";
constexpr int kUser = 65532;
constexpr int kGraceSeconds = 30;  // vmafx-node's own stop deadline

Json Volumes(const api::Job& job) {
  Json volumes = Json::array();
  for (const api::JobInput& input : job.spec.inputs) {
    Json volume = {{"name", input.name}};
    if (!input.config_map.empty()) {
      volume["configMap"] = {{"name", input.config_map}};
    } else {
      volume["persistentVolumeClaim"] = {{"claimName", input.claim}, {"readOnly", true}};
    }
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

Json Mounts(const api::Job& job) {
  Json mounts = Json::array();
  for (const api::JobInput& input : job.spec.inputs) {
    mounts.push_back({{"name", input.name}, {"mountPath", input.mount_path}, {"readOnly", true}});
  }
  return mounts;
}

Json Environment(const api::Job& job, const WorkerSettings& settings, const std::string& pod,
                 const std::string& controller_job_id) {
  std::vector<std::string> roots;
  for (const api::JobInput& input : job.spec.inputs) roots.push_back(input.mount_path);
  Json env = {{{"name", api::kControllerAddrEnv}, {"value", settings.controller_address}},
              {{"name", api::kJobIdEnv}, {"value", controller_job_id}},
              {{"name", api::kNodeIdEnv}, {"value", pod}},
              // One processor is the unit: the kubelet rounds 500m up to 1.
              {{"name", api::kCpuLimitEnv},
               {"valueFrom", {{"resourceFieldRef", {{"resource", "limits.cpu"}}}}}}};
  if (!roots.empty()) {
    env.push_back({{"name", api::kScoringRootsEnv}, {"value", base::Join(roots, ":")}});
  }
  return env;
}

Json Container(const api::Job& job, const std::string& pod, const Slot& slot,
               const WorkerSettings& settings, const std::string& controller_job_id) {
  return {{"name", "worker"},
          {"image", slot.image.empty() ? settings.image : slot.image},
          {"imagePullPolicy", settings.pull_policy},
          {"env", Environment(job, settings, pod, controller_job_id)},
          {"resources", settings.resources},
          {"volumeMounts", Mounts(job)},
          // The last lines of the log become the reason when it ends without one.
          {"terminationMessagePolicy", "FallbackToLogsOnError"},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", {"ALL"}}}}}}};
}

// Objects come from the API server, fields that are not set come as null: "" for both.
std::string Text(const Json& json, const char* field) {
  return value::FindString(json, {field});
}

// The state of the worker container: {"waiting": ...}, {"running": ...}, {"terminated": ...}.
Json ContainerState(const kube::Object& pod) {
  const Json* state = pod.Find({"status", "containerStatuses", "0", "state"});
  return state == nullptr ? Json::object() : *state;
}

std::string WithMessage(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : reason + ": " + message;
}

// Why it does not start: not scheduled, or a container that waits for more than its turn.
std::string Trouble(const kube::Object& pod) {
  const Json* conditions = pod.Find({"status", "conditions"});
  for (const Json& each : conditions == nullptr ? Json::array() : *conditions) {
    if (Text(each, "type") == "PodScheduled" && Text(each, "status") == "False") {
      return WithMessage(Text(each, "reason"), Text(each, "message"));
    }
  }
  const Json state = ContainerState(pod);
  const Json* found = value::Find(state, {"waiting"});
  const Json waiting = found == nullptr ? Json::object() : *found;
  const std::string reason = Text(waiting, "reason");
  if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") return "";
  return WithMessage(reason, Text(waiting, "message"));
}

// "container exited with 137 (OOMKilled)", "Evicted: the node was low on memory".
std::string End(const kube::Object& pod) {
  const std::string reason = pod.String({"status", "reason"});
  if (!reason.empty()) return WithMessage(reason, pod.String({"status", "message"}));
  const Json state = ContainerState(pod);
  const Json* found = value::Find(state, {"terminated"});
  const Json terminated = found == nullptr ? Json::object() : *found;
  const Json* code = value::Find(terminated, {"exitCode"});
  if (code == nullptr || !code->is_number_integer()) return "it ended without a word";
  std::string end = fmt::format("container exited with {}", code->get<int>());
  const std::string cause = Text(terminated, "reason");
  if (!cause.empty() && cause != "Error" && cause != "Completed") end += " (" + cause + ")";
  const std::string words(base::Trim(Text(terminated, "message")));
  return WithMessage(end, words);
}

}  // namespace

std::map<std::string, std::string> WorkerLabels() {
  return {{std::string(api::kAppNameLabel), "vmafx"},
          {std::string(api::kAppComponentLabel), "worker"},
          {std::string(api::kAppManagedByLabel), "vmafx-operator"}};
}

std::string WorkerName(const std::string& job, int attempt) {
  return fmt::format("{}-{}", job, attempt);
}

kube::Object MakeWorkerPod(const api::Job& job, int attempt, const Slot& slot,
                           const WorkerSettings& settings, const std::string& controller_job_id) {
  const std::string name = WorkerName(job.key.name, attempt);
  Json labels = WorkerLabels();
  labels[std::string(api::kJobLabel)] = job.key.name;
  labels[kAttemptLabel] = std::to_string(attempt);
  if (!settings.instance.empty()) labels[std::string(api::kAppInstanceLabel)] = settings.instance;
  if (!slot.node.empty()) labels[std::string(api::kNodeLabel)] = slot.node;
  const Json owner = {{"apiVersion", api::kApiVersion},
                      {"kind", kJobKind},
                      {"name", job.key.name},
                      {"uid", job.uid},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
  return kube::Object(
      Json{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata",
            {{"name", name},
             {"namespace", job.key.ns},
             {"labels", std::move(labels)},
             {"ownerReferences", Json::array({owner})}}},
           {"spec",
            {{"restartPolicy", "Never"},
             {"automountServiceAccountToken", false},
             {"enableServiceLinks", false},
             {"terminationGracePeriodSeconds", kGraceSeconds},
             {"securityContext",
              {{"runAsNonRoot", true},
               {"runAsUser", kUser},
               {"runAsGroup", kUser},
               {"fsGroup", kUser},
               {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
             {"containers", Json::array({Container(job, name, slot, settings, controller_job_id)})},
             {"volumes", Volumes(job)}}}});
}

WorkerPod ReadWorkerPod(const kube::Object& pod) {
  WorkerPod worker;
  worker.key = pod.key();
  worker.uid = pod.uid();
  for (const kube::Object::Owner& owner : pod.owners()) {
    if (owner.kind == kJobKind && owner.api_version == api::kApiVersion)
      worker.owner_uid = owner.uid;
  }
  const std::string attempt = pod.Label(kAttemptLabel);
  std::from_chars(attempt.data(), attempt.data() + attempt.size(), worker.attempt);
  worker.vmafx_node = pod.Label(std::string(api::kNodeLabel));
  worker.kubernetes_node = pod.String({"spec", "nodeName"});
  worker.deletes_at = pod.String({"metadata", "deletionTimestamp"});
  const std::string phase = pod.String({"status", "phase"});
  worker.ended = phase == "Succeeded" || phase == "Failed";
  const Json state = ContainerState(pod);
  for (const char* started : {"running", "terminated"}) {
    const std::string at = value::FindString(state, {started, "startedAt"});
    if (!at.empty()) worker.started_at = at;
  }
  if (worker.ended) {
    worker.end = End(pod);
  } else {
    worker.trouble = Trouble(pod);
  }
  return worker;
}

}  // namespace vmafx::operators
