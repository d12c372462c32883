#include "vmafx/operator/worker_pod.h"

#include <set>

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

api::Job Tiny() {
  api::Job job;
  job.key = {"video", "tiny"};
  job.uid = "uid-1";
  job.spec.inputs = {{"clips", "fixtures", "", "/fixtures"}, {"disk", "", "films", "/films"}};
  return job;
}

WorkerSettings Settings() {
  WorkerSettings settings;
  settings.image = "vmafx-node:1";
  settings.pull_policy = "Never";
  settings.controller_address = "controller:9090";
  settings.instance = "vmafx";
  settings.resources = {{"limits", {{"cpu", "2"}}}};
  return settings;
}

WorkerOrder First() {
  return {1, {}, "id-1", {}};
}

// The value of a variable of the worker container.
std::string Variable(const kube::Object& pod, const std::string& name) {
  for (const kube::Json& each : *pod.Find({"spec", "containers", "0", "env"})) {
    if (each.at("name") == name) return each.value("value", "");
  }
  return "(none)";
}

WorkerPod Read(const std::string& status) {
  return ReadWorkerPod(kube::Object(kube::Json::parse(
      R"({"metadata": {"name": "tiny-2", "namespace": "video",
          "labels": {"vmafx.dev/attempt": "2"}}, "status": )" +
      status + "}")));
}

TEST(WorkerPodTest, IsNamedOwnedAndLabelled) {
  const kube::Object pod = MakeWorkerPod(Tiny(), {2, {"node-cpu", "", ""}, "id-1", {}}, Settings());

  EXPECT_EQ(pod.key().Text(), "video/tiny-2");
  EXPECT_EQ(pod.Label("vmafx.dev/job"), "tiny");
  EXPECT_EQ(pod.Label("vmafx.dev/node"), "node-cpu");
  EXPECT_EQ(pod.Label("app.kubernetes.io/component"), "worker");
  EXPECT_EQ(pod.Label("app.kubernetes.io/instance"), "vmafx");
  EXPECT_TRUE(kube::MatchesLabels(pod, WorkerLabels()));
  ASSERT_EQ(pod.owners().size(), 1u);
  EXPECT_EQ(pod.owners()[0].uid, "uid-1");
  const WorkerPod read = ReadWorkerPod(pod);
  EXPECT_EQ(read.attempt, 2);
  EXPECT_EQ(read.owner_uid, "uid-1");
  EXPECT_EQ(read.vmafx_node, "node-cpu");
}

TEST(WorkerPodTest, RunsTheNodeForThisJobOnly) {
  const kube::Object pod = MakeWorkerPod(Tiny(), First(), Settings());

  EXPECT_EQ(pod.String({"spec", "restartPolicy"}), "Never");
  EXPECT_EQ(pod.String({"spec", "containers", "0", "image"}), "vmafx-node:1");
  EXPECT_EQ(pod.String({"spec", "containers", "0", "imagePullPolicy"}), "Never");
  EXPECT_EQ(pod.String({"spec", "containers", "0", "resources", "limits", "cpu"}), "2");
  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_ADDR"), "controller:9090");
  EXPECT_EQ(Variable(pod, "VMAFX_JOB_ID"), "id-1");
  EXPECT_EQ(Variable(pod, "VMAFX_NODE_ID"), "tiny-1");
  EXPECT_EQ(Variable(pod, "VMAFX_SCORING_ROOTS"), "/fixtures:/films");
}

TEST(WorkerPodTest, TakesTheImageOfItsVmafxNode) {
  const kube::Object pod =
      MakeWorkerPod(Tiny(), {1, {"gpu", "special:2", ""}, "id-1", {}}, Settings());

  EXPECT_EQ(pod.String({"spec", "containers", "0", "image"}), "special:2");
}

// The mount at `path`, null when there is none.
kube::Json MountAt(const kube::Object& pod, const std::string& path) {
  for (const kube::Json& each : *pod.Find({"spec", "containers", "0", "volumeMounts"})) {
    if (each.at("mountPath") == path) return each;
  }
  return nullptr;
}

kube::Json Volume(const kube::Object& pod, const std::string& name) {
  for (const kube::Json& each : *pod.Find({"spec", "volumes"})) {
    if (each.at("name") == name) return each;
  }
  return nullptr;
}

TEST(WorkerPodTest, MountsTheInputsReadOnly) {
  const kube::Object pod = MakeWorkerPod(Tiny(), First(), Settings());

  EXPECT_EQ(Volume(pod, "clips").at("configMap").at("name"), "fixtures");
  EXPECT_EQ(Volume(pod, "disk").at("persistentVolumeClaim").at("claimName"), "films");
  EXPECT_EQ(MountAt(pod, "/fixtures").at("readOnly"), true);
  EXPECT_EQ(MountAt(pod, "/films").at("readOnly"), true);
}

TEST(WorkerPodTest, ShowsTheControllerATokenThatOnlyItTakes) {
  const kube::Object pod = MakeWorkerPod(Tiny(), First(), Settings());

  EXPECT_EQ(*pod.Find({"spec", "automountServiceAccountToken"}), false);
  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_TOKEN_FILE"), "/var/run/secrets/vmafx/token");
  EXPECT_EQ(Variable(pod, "POD_NAMESPACE"), "video");
  const kube::Json mount = MountAt(pod, "/var/run/secrets/vmafx");
  EXPECT_EQ(mount.at("readOnly"), true);
  EXPECT_EQ(Volume(pod, mount.at("name")).at("projected").at("sources"),
            kube::Json::parse(R"([{"serviceAccountToken": {"audience": "vmafx-controller",
                                   "expirationSeconds": 3600, "path": "token"}}])"));
  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_TLS"), "(none)");
}

TEST(WorkerPodTest, BringsTheAuthorityOfAControllerThatSpeaksTls) {
  WorkerSettings settings = Settings();
  settings.controller_tls = true;
  settings.controller_ca_pem = "-----BEGIN CERTIFICATE-----\n";
  settings.controller_server_name = "controller.films";

  const kube::Object pod = MakeWorkerPod(Tiny(), First(), settings);

  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_TLS"), "true");
  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_CA_FILE"), "/var/run/secrets/vmafx/ca.crt");
  EXPECT_EQ(Variable(pod, "VMAFX_CONTROLLER_SERVER_NAME"), "controller.films");
  EXPECT_EQ(pod.Annotation("vmafx.dev/controller-ca"), settings.controller_ca_pem);
  const kube::Json volume = Volume(pod, MountAt(pod, "/var/run/secrets/vmafx").at("name"));
  EXPECT_EQ(volume.at("projected").at("sources").at(1).at("downwardAPI").at("items"),
            kube::Json::parse(R"([{"path": "ca.crt", "fieldRef":
                {"fieldPath": "metadata.annotations['vmafx.dev/controller-ca']"}}])"));
}

TEST(WorkerPodTest, FetchesIntoAVolumeOfLimitedSize) {
  WorkerSettings settings = Settings();
  settings.scratch_size = "100Mi";

  const kube::Object pod = MakeWorkerPod(Tiny(), First(), settings);

  EXPECT_EQ(Variable(pod, "VMAFX_SCRATCH_DIR"), "/scratch");
  EXPECT_EQ(Variable(pod, "VMAFX_SCRATCH_LIMIT"), std::to_string(50 << 20)) << "of two files each";
  const kube::Json mount = MountAt(pod, "/scratch");
  EXPECT_EQ(mount.at("readOnly"), false);
  EXPECT_EQ(Volume(pod, mount.at("name")).at("emptyDir").at("sizeLimit"), "100Mi");
}

TEST(WorkerPodTest, GetsOneItemOfTheSecretThatItsJobNames) {
  api::Job job = Tiny();
  EXPECT_EQ(MountAt(MakeWorkerPod(job, First(), Settings()), "/etc/vmafx"), nullptr);
  job.rclone_secret = "remotes";

  const kube::Object pod = MakeWorkerPod(job, First(), Settings());

  EXPECT_EQ(Variable(pod, "VMAFX_RCLONE_CONFIG"), "/etc/vmafx/rclone.conf");
  const kube::Json mount = MountAt(pod, "/etc/vmafx");
  EXPECT_EQ(mount.at("readOnly"), true);
  EXPECT_EQ(Volume(pod, mount.at("name")).at("secret"),
            kube::Json::parse(R"({"secretName": "remotes", "defaultMode": 288,
                                  "items": [{"key": "rclone.conf", "path": "rclone.conf"}]})"));
}

TEST(WorkerPodTest, NamesTheVmafxNodeAndTheTrainers) {
  WorkerOrder order{1, {"node-cpu", "", ""}, "id-1", {"a.video.svc:9092", "b.video.svc:9092"}};

  const kube::Object pod = MakeWorkerPod(Tiny(), order, Settings());

  EXPECT_EQ(Variable(pod, "VMAFX_NODE_NAME"), "node-cpu");
  EXPECT_EQ(Variable(pod, "VMAFX_FEEDBACK_ADDRS"), "a.video.svc:9092,b.video.svc:9092");
  const kube::Object plain = MakeWorkerPod(Tiny(), First(), Settings());
  EXPECT_EQ(Variable(plain, "VMAFX_NODE_NAME"), "(none)");
  EXPECT_EQ(Variable(plain, "VMAFX_FEEDBACK_ADDRS"), "(none)");
}

TEST(WorkerPodTest, AsksForItsDeviceAndToleratesTheTaintOfSuchNodes) {
  const WorkerOrder order{1, {"", "", "nvidia.com/gpu"}, "id-1", {}};

  const kube::Object pod = MakeWorkerPod(Tiny(), order, Settings());

  EXPECT_EQ(*pod.Find({"spec", "containers", "0", "resources", "limits"}),
            kube::Json::parse(R"({"cpu": "2", "nvidia.com/gpu": "1"})"));
  EXPECT_EQ(*pod.Find({"spec", "tolerations"}),
            kube::Json::parse(R"([{"key": "nvidia.com/gpu", "operator": "Exists"}])"));
  EXPECT_EQ(MakeWorkerPod(Tiny(), First(), Settings()).Find({"spec", "tolerations"}), nullptr);
}

// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
// The API server's own judgement: OperatorApiTest.MakesWorkersThatTheRestrictedProfileLetsIn.
TEST(WorkerPodTest, KeepsTheRestrictedProfileWithAllThatAJobCanAskFor) {
  api::Job job = Tiny();
  job.rclone_secret = "remotes";
  WorkerSettings settings = Settings();
  settings.controller_tls = true;
  settings.controller_ca_pem = "PEM";

  const kube::Object pod =
      MakeWorkerPod(job, {1, {"node", "", "nvidia.com/gpu"}, "id-1", {"t:9092"}}, settings);

  EXPECT_EQ(*pod.Find({"spec", "securityContext", "runAsNonRoot"}), true);
  EXPECT_EQ(*pod.Find({"spec", "securityContext", "runAsUser"}), 65532);
  EXPECT_EQ(pod.String({"spec", "securityContext", "seccompProfile", "type"}), "RuntimeDefault");
  EXPECT_EQ(*pod.Find({"spec", "containers", "0", "securityContext"}),
            kube::Json::parse(R"({"allowPrivilegeEscalation": false,
                                  "readOnlyRootFilesystem": true,
                                  "capabilities": {"drop": ["ALL"]}})"));
  for (const char* sharing : {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}) {
    EXPECT_EQ(pod.Find({"spec", sharing}), nullptr) << sharing;
  }
  EXPECT_EQ(pod.Find({"spec", "containers", "0", "ports"}), nullptr);
  const std::set<std::string> allowed = {"configMap", "persistentVolumeClaim", "projected",
                                         "emptyDir", "secret"};
  for (const kube::Json& volume : *pod.Find({"spec", "volumes"})) {
    for (const auto& [field, value] : volume.items()) {
      EXPECT_TRUE(field == "name" || allowed.count(field) > 0) << field;
    }
  }
}

TEST(WorkerPodTest, SaysWhyAPodDoesNotStart) {
  EXPECT_EQ(Read(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available"}]})")
                .trouble,
            "Unschedulable: 0/1 nodes are available");
  EXPECT_EQ(Read(R"({"phase": "Pending", "containerStatuses": [{"state": {"waiting":
      {"reason": "ErrImageNeverPull", "message": "image is not present"}}}]})")
                .trouble,
            "ErrImageNeverPull: image is not present");
  EXPECT_EQ(Read(R"({"phase": "Pending", "containerStatuses": [{"state": {"waiting":
      {"reason": "ContainerCreating"}}}]})")
                .trouble,
            "");
}

TEST(WorkerPodTest, SaysHowAPodEnded) {
  const WorkerPod killed = Read(R"({"phase": "Failed", "containerStatuses": [{"state":
      {"terminated": {"exitCode": 137, "reason": "OOMKilled",
                      "startedAt": "2026-01-01T00:00:00Z"}}}]})");
  EXPECT_TRUE(killed.ended);
  EXPECT_EQ(killed.end, "container exited with 137 (OOMKilled)");
  EXPECT_EQ(killed.started_at, "2026-01-01T00:00:00Z");
  EXPECT_EQ(Read(R"({"phase": "Failed", "containerStatuses": [{"state":
      {"terminated": {"exitCode": 3, "reason": "Error", "message": "no controller\n"}}}]})")
                .end,
            "container exited with 3: no controller");
  EXPECT_EQ(Read(R"({"phase": "Failed", "reason": "Evicted", "message": "low on memory"})").end,
            "Evicted: low on memory");
  EXPECT_EQ(Read(R"({"phase": "Failed", "reason": null, "containerStatuses": [{"state":
      {"terminated": {"exitCode": 1, "reason": null, "startedAt": null}}}]})")
                .end,
            "container exited with 1");
  EXPECT_EQ(Read(R"({"phase": "Failed"})").end, "it ended without a word");
}

}  // namespace
}  // namespace vmafx::operators
