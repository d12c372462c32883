#include "vmafx/operator/trainer_objects.h"

#include <fmt/format.h>

#include "vmafx/api/feedback.h"
#include "vmafx/api/names.h"

namespace vmafx::operators {
namespace {

using kube::Json;

constexpr int kUser = 65532;
constexpr int kGraceSeconds = 30;
constexpr char kStateDir[] = "/state";
constexpr char kRegistryConfigDir[] = "/etc/vmafx/registry";

Json Labels(const api::Training& training, const TrainerSettings& settings) {
  Json labels = TrainerLabels();
  labels[std::string(api::kTrainingLabel)] = training.key.name;
  if (!settings.instance.empty()) labels[std::string(api::kAppInstanceLabel)] = settings.instance;
  return labels;
}

// What finds the Pods: a Deployment can never change it.
Json Selector(const api::Training& training) {
  return {{std::string(api::kAppComponentLabel), "trainer"},
          {std::string(api::kTrainingLabel), training.key.name}};
}

Json Metadata(const api::Training& training, const TrainerSettings& settings) {
  return {{"name", api::TrainerName(training.key.name)},
          {"namespace", training.key.ns},
          {"labels", Labels(training, settings)},
          {"ownerReferences",
           {{{"apiVersion", api::kApiVersion},
             {"kind", "VmafxModelTraining"},
             {"name", training.key.name},
             {"uid", training.uid},
             {"controller", true}}}}};
}

// Fields of spec.algorithmConfig, and the variable that each sets.
void AddAlgorithm(const api::TrainingSpec& spec, Json& env) {
  const std::pair<const char*, const char*> fields[] = {
      {"learningRate", "VMAFX_SIDECAR_LR"},
      {"emaDecay", "VMAFX_SIDECAR_EMA_DECAY"},
      {"batchSize", "VMAFX_SIDECAR_BATCH_SIZE"},
      {"replayBufferSize", "VMAFX_SIDECAR_REPLAY_CAPACITY"},
      {"replayMixRatio", "VMAFX_SIDECAR_REPLAY_MIX"}};
  if (!spec.algorithm_config.is_object()) return;
  for (const auto& [field, variable] : fields) {
    auto found = spec.algorithm_config.find(field);
    if (found == spec.algorithm_config.end() || !found->is_number()) continue;
    env.push_back({{"name", variable}, {"value", found->dump()}});
  }
}

Json Environment(const api::Training& training, const TrainerSettings& settings) {
  const api::TrainingSpec& spec = training.spec;
  Json env = Json::array();
  const auto set = [&](std::string_view name, const std::string& value) {
    env.push_back({{"name", name}, {"value", value}});
  };
  set("VMAFX_TRAINING_NAME", training.key.name);
  set(api::kNamespaceEnv, training.key.ns);
  set("VMAFX_BASE_MODEL", spec.base_model);
  set("VMAFX_STATE_DIR", kStateDir);
  set("VMAFX_CHECKPOINT_INTERVAL", spec.checkpoint_interval);
  set("VMAFX_CHECKPOINT_MIN_SAMPLES", std::to_string(spec.checkpoint_min_samples));
  set("VMAFX_OUTPUT_REGISTRY", spec.output_registry);
  set("VMAFX_PLAIN_HTTP_HOSTS", settings.plain_http_hosts);
  if (!training.registry_secret.empty()) {
    set("VMAFX_REGISTRY_CONFIG", fmt::format("{}/config.json", kRegistryConfigDir));
  }
  AddAlgorithm(spec, env);
  return env;
}

Json HttpProbe(const char* path, int period, int failures) {
  return {{"httpGet", {{"path", path}, {"port", "status"}}},
          {"periodSeconds", period},
          {"failureThreshold", failures}};
}

Json Container(const api::Training& training, const TrainerSettings& settings) {
  Json mounts = {{{"name", "state"}, {"mountPath", kStateDir}}};
  if (!training.registry_secret.empty()) {
    mounts.push_back(
        {{"name", "registry-config"}, {"mountPath", kRegistryConfigDir}, {"readOnly", true}});
  }
  return {
      {"name", "trainer"},
      {"image", settings.image},
      {"imagePullPolicy", settings.pull_policy},
      {"env", Environment(training, settings)},
      {"ports",
       {{{"name", "status"}, {"containerPort", api::kTrainerStatusPort}, {"protocol", "TCP"}},
        {{"name", "feedback"}, {"containerPort", api::kTrainerFeedbackPort}, {"protocol", "TCP"}}}},
      {"resources", settings.resources},
      {"startupProbe", HttpProbe("/readyz", 1, 120)},
      {"readinessProbe", HttpProbe("/readyz", 2, 3)},
      {"livenessProbe", HttpProbe("/healthz", 20, 3)},
      {"volumeMounts", std::move(mounts)},
      // The last lines of the log become the reason when it ends.
      {"terminationMessagePolicy", "FallbackToLogsOnError"},
      {"securityContext",
       {{"allowPrivilegeEscalation", false},
        {"readOnlyRootFilesystem", true},
        {"capabilities", {{"drop", {"ALL"}}}}}}};
}

Json Volumes(const api::Training& training) {
  Json volumes = {
      {{"name", "state"},
       {"persistentVolumeClaim", {{"claimName", api::TrainerName(training.key.name)}}}}};
  if (!training.registry_secret.empty()) {
    volumes.push_back({{"name", "registry-config"},
                       {"secret",
                        {{"secretName", training.registry_secret},
                         {"defaultMode", 0440},
                         {"items", {{{"key", ".dockerconfigjson"}, {"path", "config.json"}}}}}}});
  }
  return volumes;
}

}  // namespace

std::map<std::string, std::string> TrainerLabels() {
  return {{std::string(api::kAppNameLabel), "vmafx"},
          {std::string(api::kAppComponentLabel), "trainer"},
          {std::string(api::kAppManagedByLabel), "vmafx-operator"}};
}

kube::Object MakeTrainerDeployment(const api::Training& training, const TrainerSettings& settings) {
  const Json pod = {{"automountServiceAccountToken", false},
                    {"enableServiceLinks", false},
                    {"terminationGracePeriodSeconds", kGraceSeconds},
                    {"securityContext",
                     {{"runAsNonRoot", true},
                      {"runAsUser", kUser},
                      {"runAsGroup", kUser},
                      {"fsGroup", kUser},
                      {"seccompProfile", {{"type", "RuntimeDefault"}}}}},
                    {"containers", Json::array({Container(training, settings)})},
                    {"volumes", Volumes(training)}};
  return kube::Object(Json{
      {"apiVersion", "apps/v1"},
      {"kind", "Deployment"},
      {"metadata", Metadata(training, settings)},
      {"spec",
       {{"replicas", 1},
        {"strategy", {{"type", "Recreate"}}},
        {"revisionHistoryLimit", 2},
        {"selector", {{"matchLabels", Selector(training)}}},
        {"template", {{"metadata", {{"labels", Labels(training, settings)}}}, {"spec", pod}}}}}});
}

kube::Object MakeTrainerService(const api::Training& training, const TrainerSettings& settings) {
  const auto port = [](const char* name, int number) {
    return Json{{"name", name}, {"port", number}, {"targetPort", name}, {"protocol", "TCP"}};
  };
  return kube::Object(Json{{"apiVersion", "v1"},
                           {"kind", "Service"},
                           {"metadata", Metadata(training, settings)},
                           {"spec",
                            {{"type", "ClusterIP"},
                             {"selector", Selector(training)},
                             {"ports",
                              {port("status", api::kTrainerStatusPort),
                               port("feedback", api::kTrainerFeedbackPort)}}}}});
}

kube::Object MakeTrainerClaim(const api::Training& training, const TrainerSettings& settings) {
  Json spec = {{"accessModes", {"ReadWriteOnce"}},
               {"resources", {{"requests", {{"storage", settings.storage_size}}}}}};
  if (!settings.storage_class.empty()) spec["storageClassName"] = settings.storage_class;
  return kube::Object(Json{{"apiVersion", "v1"},
                           {"kind", "PersistentVolumeClaim"},
                           {"metadata", Metadata(training, settings)},
                           {"spec", std::move(spec)}});
}

}  // namespace vmafx::operators
