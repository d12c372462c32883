#include "vmafx/operator/worker_pod.h"

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
  const kube::Object pod = MakeWorkerPod(Tiny(), 2, {"node-cpu", ""}, Settings(), "id-1");

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
  const kube::Object pod = MakeWorkerPod(Tiny(), 1, {}, Settings(), "id-1");

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
  const kube::Object pod = MakeWorkerPod(Tiny(), 1, {"gpu", "special:2"}, Settings(), "id-1");

  EXPECT_EQ(pod.String({"spec", "containers", "0", "image"}), "special:2");
}

TEST(WorkerPodTest, MountsTheInputsReadOnly) {
  const kube::Object pod = MakeWorkerPod(Tiny(), 1, {}, Settings(), "id-1");

  EXPECT_EQ(pod.String({"spec", "volumes", "0", "configMap", "name"}), "fixtures");
  EXPECT_EQ(pod.String({"spec", "volumes", "1", "persistentVolumeClaim", "claimName"}), "films");
  const kube::Json& mounts = *pod.Find({"spec", "containers", "0", "volumeMounts"});
  ASSERT_EQ(mounts.size(), 2u);
  for (const kube::Json& mount : mounts) EXPECT_EQ(mount.at("readOnly"), true);
  EXPECT_EQ(mounts[1].at("mountPath"), "/films");
}

TEST(WorkerPodTest, HasNoRightsAtAll) {
  const kube::Object pod = MakeWorkerPod(Tiny(), 1, {}, Settings(), "id-1");

  EXPECT_EQ(*pod.Find({"spec", "automountServiceAccountToken"}), false);
  EXPECT_EQ(*pod.Find({"spec", "securityContext", "runAsNonRoot"}), true);
  EXPECT_EQ(*pod.Find({"spec", "securityContext", "runAsUser"}), 65532);
  EXPECT_EQ(pod.String({"spec", "securityContext", "seccompProfile", "type"}), "RuntimeDefault");
  EXPECT_EQ(*pod.Find({"spec", "containers", "0", "securityContext"}),
            kube::Json::parse(R"({"allowPrivilegeEscalation": false,
                                  "readOnlyRootFilesystem": true,
                                  "capabilities": {"drop": ["ALL"]}})"));
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
