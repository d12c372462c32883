#include "vmafx/operator/trainer_objects.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using kube::Json;

api::Training MakeTraining() {
  api::Training training;
  training.key = {"films", "online"};
  training.uid = "u-1";
  training.spec.base_model = "vmaf_v0.6.1";
  training.spec.checkpoint_interval = "10s";
  training.spec.checkpoint_min_samples = 1;
  training.spec.output_registry = "registry.films.svc:5000/models";
  return training;
}

TrainerSettings MakeSettings() {
  TrainerSettings settings;
  settings.image = "vmafx-trainer:test";
  settings.pull_policy = "Never";
  settings.instance = "vmafx";
  settings.plain_http_hosts = "*.svc";
  return settings;
}

const Json& PodOf(const kube::Object& deployment) {
  return *deployment.Find({"spec", "template", "spec"});
}

const Json& ContainerOf(const kube::Object& deployment) {
  return PodOf(deployment).at("containers").at(0);
}

// NAME=value of the trainer's container, "" when it is not set.
std::string Variable(const kube::Object& deployment, const std::string& name) {
  for (const Json& each : ContainerOf(deployment).at("env")) {
    if (each.at("name") == name) return each.at("value");
  }
  return "";
}

TEST(TrainerObjectsTest, AreCalledAndOwnedAlike) {
  for (const kube::Object& object : {MakeTrainerDeployment(MakeTraining(), MakeSettings()),
                                     MakeTrainerService(MakeTraining(), MakeSettings()),
                                     MakeTrainerClaim(MakeTraining(), MakeSettings())}) {
    EXPECT_EQ(object.key().Text(), "films/vmafx-trainer-online") << object.Text();
    EXPECT_EQ(object.Label("vmafx.dev/training"), "online");
    EXPECT_EQ(object.Label("app.kubernetes.io/instance"), "vmafx");
    EXPECT_TRUE(kube::MatchesLabels(object, TrainerLabels()));
    ASSERT_EQ(object.owners().size(), 1u);
    EXPECT_EQ(object.owners()[0].uid, "u-1");
    EXPECT_TRUE(object.owners()[0].controller);
  }
}

TEST(TrainerObjectsTest, OneLearnerWithoutRights) {
  const kube::Object deployment = MakeTrainerDeployment(MakeTraining(), MakeSettings());
  const Json& pod = PodOf(deployment);
  const Json& container = ContainerOf(deployment);

  EXPECT_EQ(*deployment.Find({"spec", "replicas"}), 1);
  EXPECT_EQ(deployment.String({"spec", "strategy", "type"}), "Recreate");
  EXPECT_EQ(pod.at("automountServiceAccountToken"), false);
  EXPECT_EQ(pod.at("securityContext"), Json::parse(R"({"runAsNonRoot": true, "runAsUser": 65532,
      "runAsGroup": 65532, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}})"));
  EXPECT_EQ(container.at("securityContext"),
            Json::parse(R"({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "capabilities": {"drop": ["ALL"]}})"));
  for (const char* probe : {"startupProbe", "livenessProbe", "readinessProbe"}) {
    EXPECT_TRUE(container.contains(probe)) << probe;
  }
  EXPECT_EQ(container.at("imagePullPolicy"), "Never");
}

TEST(TrainerObjectsTest, TheServiceFindsThePodAndItsPorts) {
  const kube::Object deployment = MakeTrainerDeployment(MakeTraining(), MakeSettings());
  const kube::Object service = MakeTrainerService(MakeTraining(), MakeSettings());
  const Json& labels = *deployment.Find({"spec", "template", "metadata", "labels"});

  EXPECT_EQ(*deployment.Find({"spec", "selector", "matchLabels"}),
            *service.Find({"spec", "selector"}));
  for (const auto& [name, value] : service.Find({"spec", "selector"})->items()) {
    EXPECT_EQ(labels.at(name), value);
  }
  EXPECT_EQ(*service.Find({"spec", "ports", "0", "port"}), 9091);
  EXPECT_EQ(*service.Find({"spec", "ports", "1", "port"}), 9092);
}

TEST(TrainerObjectsTest, TheSpecReachesTheTrainer) {
  const kube::Object deployment = MakeTrainerDeployment(MakeTraining(), MakeSettings());

  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"VMAFX_TRAINING_NAME", "online"},
           {"POD_NAMESPACE", "films"},
           {"VMAFX_BASE_MODEL", "vmaf_v0.6.1"},
           {"VMAFX_STATE_DIR", "/state"},
           {"VMAFX_CHECKPOINT_INTERVAL", "10s"},
           {"VMAFX_CHECKPOINT_MIN_SAMPLES", "1"},
           {"VMAFX_OUTPUT_REGISTRY", "registry.films.svc:5000/models"},
           {"VMAFX_PLAIN_HTTP_HOSTS", "*.svc"},
           {"VMAFX_REGISTRY_CONFIG", ""},
           {"VMAFX_SIDECAR_LR", ""}}) {
    EXPECT_EQ(Variable(deployment, name), value) << name;
  }
  EXPECT_EQ(PodOf(deployment).at("volumes").size(), 1u);
}

TEST(TrainerObjectsTest, HowItLearnsIsSetOnlyWhereAsked) {
  api::Training training = MakeTraining();
  training.spec.algorithm_config = {{"learningRate", 0.0001}, {"batchSize", 8}, {"odd", "x"}};

  const kube::Object deployment = MakeTrainerDeployment(training, MakeSettings());

  EXPECT_EQ(Variable(deployment, "VMAFX_SIDECAR_LR"), "0.0001");
  EXPECT_EQ(Variable(deployment, "VMAFX_SIDECAR_BATCH_SIZE"), "8");
  EXPECT_EQ(Variable(deployment, "VMAFX_SIDECAR_EMA_DECAY"), "");
}

TEST(TrainerObjectsTest, MountsOnlyTheRegistrySecretsOneItem) {
  api::Training training = MakeTraining();
  training.registry_secret = "push";

  const kube::Object deployment = MakeTrainerDeployment(training, MakeSettings());

  EXPECT_EQ(Variable(deployment, "VMAFX_REGISTRY_CONFIG"), "/etc/vmafx/registry/config.json");
  EXPECT_EQ(PodOf(deployment).at("volumes").at(1).at("secret"),
            Json::parse(R"({"secretName": "push", "defaultMode": 288,
                "items": [{"key": ".dockerconfigjson", "path": "config.json"}]})"));
}

TEST(TrainerObjectsTest, TheClaimAsksForTheDefaultClassUnlessTold) {
  TrainerSettings settings = MakeSettings();
  EXPECT_EQ(MakeTrainerClaim(MakeTraining(), settings).Find({"spec", "storageClassName"}), nullptr);
  settings.storage_class = "fast";
  settings.storage_size = "1Gi";

  const kube::Object claim = MakeTrainerClaim(MakeTraining(), settings);

  EXPECT_EQ(claim.String({"spec", "storageClassName"}), "fast");
  EXPECT_EQ(claim.String({"spec", "resources", "requests", "storage"}), "1Gi");
}

TEST(TrainerObjectsTest, NothingChangesWhileNothingIsChanged) {
  EXPECT_EQ(MakeTrainerDeployment(MakeTraining(), MakeSettings()).json(),
            MakeTrainerDeployment(MakeTraining(), MakeSettings()).json());
}

}  // namespace
}  // namespace vmafx::operators
