#include "vmafx/operator/worker_pod.h"

#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "vmafx/api/names.h"
#include "vmafx/api/quantity.h"

namespace vmafx::operators {
namespace {

using kube::Json;

constexpr char kAttemptLabel[] = "vmafx.dev/attempt";
constexpr char kJobKind[] = "VmafxJob";
constexpr int kUser = 65532;
constexpr int kGraceSeconds = 30;    // vmafx-node's own stop deadline
constexpr int kTokenSeconds = 3600;  // the kubelet replaces it before
constexpr int kGroupReads = 0440;    // the volume's files: fsGroup is the worker's group

// Names and paths that a job's inputs cannot take: job_checks.h.
constexpr char kTokenVolume[] = "vmafx-token";
constexpr char kScratchVolume[] = "vmafx-scratch";
constexpr char kRcloneVolume[] = "vmafx-rclone";

std::string Path(std::string_view folder, std::string_view file) {
  return fmt::format("{}/{}", folder, file);
}

// The token that the controller checks, and with TLS its authority: an annotation of the Pod shown
// as a file, so that the job's namespace needs no ConfigMap of ours.
// https://kubernetes.io/docs/concepts/storage/projected-volumes/
Json TokenVolume(const WorkerSettings& settings) {
  Json sources = Json::array();
  sources.push_back({{"serviceAccountToken",
                      {{"audience", api::kControllerAudience},
                       {"expirationSeconds", kTokenSeconds},
                       {"path", api::kTokenFile}}}});
  if (settings.controller_tls && !settings.controller_ca_pem.empty()) {
    const std::string field =
        fmt::format("metadata.annotations['{}']", api::kControllerCaAnnotation);
    const Json item = {{"path", api::kControllerCaFile}, {"fieldRef", {{"fieldPath", field}}}};
    sources.push_back({{"downwardAPI", {{"items", Json::array({item})}}}});
  }
  return {{"name", kTokenVolume},
          {"projected", {{"sources", std::move(sources)}, {"defaultMode", kGroupReads}}}};
}

Json Volumes(const api::Job& job, const WorkerSettings& settings) {
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
  volumes.push_back(TokenVolume(settings));
  volumes.push_back(
      {{"name", kScratchVolume}, {"emptyDir", {{"sizeLimit", settings.scratch_size}}}});
  if (!job.rclone_secret.empty()) {
    // One item by name: whatever else that Secret holds does not get into the Pod.
    const Json item = {{"key", api::kRcloneConfigFile}, {"path", api::kRcloneConfigFile}};
    volumes.push_back({{"name", kRcloneVolume},
                       {"secret",
                        {{"secretName", job.rclone_secret},
                         {"items", Json::array({item})},
                         {"defaultMode", kGroupReads}}}});
  }
  return volumes;
}

Json Mounts(const api::Job& job) {
  Json mounts = Json::array();
  auto mount = [&](std::string_view name, std::string_view path, bool read_only) {
    mounts.push_back({{"name", name}, {"mountPath", path}, {"readOnly", read_only}});
  };
  for (const api::JobInput& input : job.spec.inputs) mount(input.name, input.mount_path, true);
  mount(kTokenVolume, api::kTokenDir, true);
  mount(kScratchVolume, api::kScratchDir, false);
  if (!job.rclone_secret.empty()) mount(kRcloneVolume, api::kRcloneConfigDir, true);
  return mounts;
}

Json Environment(const api::Job& job, const WorkerOrder& order, const WorkerSettings& settings) {
  // One processor is the unit: the kubelet rounds 500m up to 1.
  Json env = Json::array({{{"name", api::kCpuLimitEnv},
                           {"valueFrom", {{"resourceFieldRef", {{"resource", "limits.cpu"}}}}}}});
  auto set = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) env.push_back({{"name", name}, {"value", value}});
  };
  std::vector<std::string> roots;
  for (const api::JobInput& input : job.spec.inputs) roots.push_back(input.mount_path);
  set(api::kControllerAddrEnv, settings.controller_address);
  set(api::kControllerTokenFileEnv, Path(api::kTokenDir, api::kTokenFile));
  if (settings.controller_tls) {
    set(api::kControllerTlsEnv, "true");
    set(api::kControllerServerNameEnv, settings.controller_server_name);
    if (!settings.controller_ca_pem.empty()) {
      set(api::kControllerCaFileEnv, Path(api::kTokenDir, api::kControllerCaFile));
    }
  }
  set(api::kJobIdEnv, order.controller_job_id);
  set(api::kNodeIdEnv, WorkerName(job.key.name, order.attempt));
  set(api::kNamespaceEnv, job.key.ns);
  set(api::kVmafxNodeEnv, order.slot.node);
  set(api::kScoringRootsEnv, base::Join(roots, ":"));
  set(api::kScratchDirEnv, api::kScratchDir);
  // A worker that fills the volume is evicted, which tells nobody which input was too large: both
  // of a job's files must fit.
  const auto room = api::ReadBytes(settings.scratch_size);
  if (room.ok()) set(api::kScratchLimitEnv, std::to_string(*room / 2));
  if (!job.rclone_secret.empty()) {
    set(api::kRcloneConfigEnv, Path(api::kRcloneConfigDir, api::kRcloneConfigFile));
  }
  set(api::kFeedbackEnv, base::Join(order.trainers, ","));
  return env;
}

Json Resources(const Slot& slot, const WorkerSettings& settings) {
  Json resources = settings.resources;
  // Of a device request and limit are the same; the API server fills in the request.
  if (!slot.device.empty()) resources["limits"][slot.device] = "1";
  return resources;
}

Json Container(const api::Job& job, const WorkerOrder& order, const WorkerSettings& settings) {
  return {{"name", "worker"},
          {"image", order.slot.image.empty() ? settings.image : order.slot.image},
          {"imagePullPolicy", settings.pull_policy},
          {"env", Environment(job, order, settings)},
          {"resources", Resources(order.slot, settings)},
          {"volumeMounts", Mounts(job)},
          // The last lines of the log become the reason when it ends without one.
          {"terminationMessagePolicy", "FallbackToLogsOnError"},
          {"securityContext",
           {{"allowPrivilegeEscalation", false},
            {"readOnlyRootFilesystem", true},
            {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json Metadata(const api::Job& job, const WorkerOrder& order, const WorkerSettings& settings) {
  Json labels = WorkerLabels();
  labels[std::string(api::kJobLabel)] = job.key.name;
  labels[kAttemptLabel] = std::to_string(order.attempt);
  if (!settings.instance.empty()) labels[std::string(api::kAppInstanceLabel)] = settings.instance;
  if (!order.slot.node.empty()) labels[std::string(api::kNodeLabel)] = order.slot.node;
  const Json owner = {{"apiVersion", api::kApiVersion},
                      {"kind", kJobKind},
                      {"name", job.key.name},
                      {"uid", job.uid},
                      {"controller", true},
                      {"blockOwnerDeletion", true}};
  Json metadata = {{"name", WorkerName(job.key.name, order.attempt)},
                   {"namespace", job.key.ns},
                   {"labels", std::move(labels)},
                   {"ownerReferences", Json::array({owner})}};
  if (settings.controller_tls && !settings.controller_ca_pem.empty()) {
    metadata["annotations"][std::string(api::kControllerCaAnnotation)] = settings.controller_ca_pem;
  }
  return metadata;
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

// The condition by which the scheduler says that no node takes the Pod: {} when it does not.
Json Unscheduled(const kube::Object& pod) {
  const Json* conditions = pod.Find({"status", "conditions"});
  for (const Json& each : conditions == nullptr ? Json::array() : *conditions) {
    if (Text(each, "type") == "PodScheduled" && Text(each, "status") == "False") return each;
  }
  return Json::object();
}

// Why it does not start: not scheduled, or a container that waits for more than its turn.
std::string Trouble(const kube::Object& pod) {
  const Json unscheduled = Unscheduled(pod);
  if (!unscheduled.empty()) {
    return WithMessage(Text(unscheduled, "reason"), Text(unscheduled, "message"));
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

kube::Object MakeWorkerPod(const api::Job& job, const WorkerOrder& order,
                           const WorkerSettings& settings) {
  Json spec = {{"restartPolicy", "Never"},
               // The default's; named, because a projected token needs an account by name.
               {"serviceAccountName", "default"},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", kGraceSeconds},
               {"securityContext",
                {{"runAsNonRoot", true},
                 {"runAsUser", kUser},
                 {"runAsGroup", kUser},
                 {"fsGroup", kUser},
                 {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
               {"containers", Json::array({Container(job, order, settings)})},
               {"volumes", Volumes(job, settings)}};
  if (!order.slot.device.empty()) {
    // Nodes with devices are often kept free of other Pods by a taint of the device's name.
    spec["tolerations"] = Json::array({{{"key", order.slot.device}, {"operator", "Exists"}}});
  }
  return kube::Object(Json{{"apiVersion", "v1"},
                           {"kind", "Pod"},
                           {"metadata", Metadata(job, order, settings)},
                           {"spec", std::move(spec)}});
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
    worker.unschedulable = Text(Unscheduled(pod), "message");
    worker.trouble = Trouble(pod);
  }
  return worker;
}

}  // namespace vmafx::operators
