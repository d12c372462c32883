// The operator with the chart's rights, a real kube-apiserver and a real controller. The test is
// the kubelet, and where a worker is needed, the worker.

#include <gtest/gtest.h>

#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

class OperatorApiTest : public OperatorWorld {};

TEST_F(OperatorApiTest, CarriesAJobFromItsCreationToItsScore) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  const kube::Object pod = AwaitPod("tiny-1");
  EXPECT_EQ(pod.Label("vmafx.dev/job"), "tiny");
  EXPECT_EQ(AtController(id).namespace_(), ns_);
  EXPECT_TRUE(AtController(id).pinned());

  RunPod("tiny-1");
  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(id));
  EXPECT_EQ(AwaitPhase("tiny", "Running").String({"status", "controllerJobID"}), id);
  worker.ReportScore(0);

  const kube::Object job = AwaitPhase("tiny", "Succeeded");
  EXPECT_EQ(*job.Find({"status", "score"}), 0) << "a score of 0 is a score";
  EXPECT_EQ(job.Condition("Complete"), "True");
  EXPECT_EQ(*job.Find({"status", "attempts"}), 1);
  EXPECT_EQ(*job.Find({"status", "observedGeneration"}), 1);
  EXPECT_EQ(*job.Find({"status", "provenance", "framesScored"}), 8);
  EXPECT_EQ(*job.Find({"status", "features", "adm2"}), 0.5);
  EXPECT_LE(job.String({"status", "startedAt"}), job.String({"status", "finishedAt"}));
  AwaitJob("tiny", "no finalizer", [](const kube::Object& object) {
    return object.Find({"metadata", "finalizers"}) == nullptr;
  });
  EndPod("tiny-1", 0, "Completed");
  EXPECT_EQ(Pods(), "tiny-1");
  EXPECT_EQ(EventReasons("tiny"), "Scored Submitted WorkerCreated");
}

TEST_F(OperatorApiTest, ReportsTheWorkersFailureAsItIs) {
  StartOperator();
  CreateJob("short");
  const std::string id = ControllerId("short");
  AwaitPod("short-1");
  HandWorker worker(controller_.address(), "short-1");
  ASSERT_TRUE(worker.Pull(id));

  worker.ReportFailure("dist.yuv: 49000 bytes are not a whole number of frames of 6144 bytes");

  const kube::Object job = AwaitPhase("short", "Failed");
  EXPECT_EQ(job.String({"status", "message"}),
            "dist.yuv: 49000 bytes are not a whole number of frames of 6144 bytes");
  EXPECT_EQ(job.Condition("Failed"), "True");
  EXPECT_EQ(job.Find({"status", "score"}), nullptr);
}

TEST_F(OperatorApiTest, RecreatesAWorkerDeletedBehindItsBack) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");
  HandWorker lost(controller_.address(), "tiny-1");
  ASSERT_TRUE(lost.Pull(id));
  AwaitPhase("tiny", "Running");

  DeletePod("tiny-1");

  AwaitPod("tiny-2");
  HandWorker worker(controller_.address(), "tiny-2");
  ASSERT_TRUE(worker.Pull(id)) << "the lease must have been taken from the lost worker";
  worker.ReportScore(50);
  EXPECT_EQ(*AwaitPhase("tiny", "Succeeded").Find({"status", "attempts"}), 2);
  EXPECT_EQ(Pods(), "tiny-2");
}

TEST_F(OperatorApiTest, GivesUpAfterThreeWorkersThatEndedWithoutAResult) {
  StartOperator();
  CreateJob("hungry");
  for (const char* pod : {"hungry-1", "hungry-2", "hungry-3"}) EndPod(pod, 137, "OOMKilled");

  const kube::Object job = AwaitPhase("hungry", "Failed");

  EXPECT_EQ(job.String({"status", "message"}),
            "gave up after 3 attempts; the last worker Pod hungry-3 ended without a result: "
            "container exited with 137 (OOMKilled)");
  EXPECT_EQ(Pods(), "hungry-1 hungry-2 hungry-3");
  EXPECT_EQ(AtController(ControllerId("hungry")).status(), rpc::FAILED);
}

TEST_F(OperatorApiTest, CancelsInTheControllerWhenTheJobIsDeleted) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");

  DeleteJob("tiny");

  AwaitGone("tiny");
  EXPECT_EQ(AtController(id).status(), rpc::CANCELLED);
  EXPECT_EQ(Pods(), "");
}

TEST_F(OperatorApiTest, FailsAJobThatWasCancelledInTheController) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");

  ASSERT_TRUE(controller_client_->Cancel(id, Long()).ok());

  EXPECT_EQ(AwaitPhase("tiny", "Failed").String({"status", "message"}), "cancelled by controller");
}

TEST_F(OperatorApiTest, GoesOnWhereAnEarlierOperatorStopped) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");
  StopOperator();
  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(id));
  StartOperator();
  AwaitPhase("tiny", "Running");
  StopOperator();
  worker.ReportScore(42.5);
  EndPod("tiny-1", 0, "Completed");

  StartOperator();

  const kube::Object job = AwaitPhase("tiny", "Succeeded");
  EXPECT_EQ(*job.Find({"status", "score"}), 42.5);
  EXPECT_EQ(job.String({"status", "controllerJobID"}), id);
  EXPECT_EQ(Pods(), "tiny-1");
  EXPECT_EQ(EventReasons("tiny"), "Scored Submitted WorkerCreated");
}

TEST_F(OperatorApiTest, SubmitsOnceThoughItsMemoryOfThatIsLost) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");
  StopOperator();
  // As if it had been killed between the calls: nothing of it reached the status.
  auto forgotten = admin_->MergePatch({"vmafx.dev", "v1", "VmafxJob"}, {ns_, "tiny"},
                                      {{"status", nullptr}}, "status", Long());
  ASSERT_TRUE(forgotten.ok()) << forgotten.error().message();

  StartOperator();

  EXPECT_EQ(ControllerId("tiny"), id);
  EXPECT_EQ(Pods(), "tiny-1");
}

TEST_F(OperatorApiTest, CancelsAJobThatWasDeletedWhileNoOperatorRan) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  StopOperator();

  DeleteJob("tiny");
  StartOperator();

  AwaitGone("tiny");
  EXPECT_EQ(AtController(id).status(), rpc::CANCELLED);
}

TEST_F(OperatorApiTest, QueuesAboveTheLimitAndServesByPriority) {
  settings_.max_concurrent = 1;
  StartOperator();
  CreateJob("first");
  const std::string id = ControllerId("first");
  AwaitPod("first-1");
  const auto queued = [](const kube::Object& job) { return job.Condition("Queued") == "True"; };
  CreateJob("low");
  EXPECT_EQ(AwaitJob("low", "Queued", queued).String({"status", "phase"}), "Pending");
  CreateJob("high", {{"priority", 9}});
  EXPECT_EQ(AwaitJob("high", "Queued", queued).String({"status", "message"}),
            "all 1 worker slots of the operator are taken");
  EXPECT_EQ(Pods(), "first-1");

  HandWorker worker(controller_.address(), "first-1");
  ASSERT_TRUE(worker.Pull(id));
  worker.ReportScore(80);
  EndPod("first-1", 0, "Completed");

  AwaitPod("high-1");
  EXPECT_EQ(Pods(), "first-1 high-1");
  AwaitJob("high", "no longer Queued",
           [](const kube::Object& job) { return job.Condition("Queued") == "False"; });
}

TEST_F(OperatorApiTest, GivesAJobToAVmafxNodeWithAFreeSlot) {
  CreateNode("node-cpu", 1);
  StartOperator();
  CreateJob("first");
  EXPECT_EQ(AwaitPod("first-1").Label("vmafx.dev/node"), "node-cpu");
  AwaitJob("first", "its node", [](const kube::Object& job) {
    return job.String({"status", "assignedNode"}) == "node-cpu";
  });
  CreateJob("second");
  EXPECT_EQ(AwaitJob("second", "Queued",
                     [](const kube::Object& job) { return job.Condition("Queued") == "True"; })
                .String({"status", "message"}),
            "all slots of 1 VmafxNode(s) of vendor cpu are taken");

  CreateNode("node-more", 1);

  EXPECT_EQ(AwaitPod("second-1").Label("vmafx.dev/node"), "node-more");
}

TEST_F(OperatorApiTest, RefusesABackendThatIsNotThereUnlessTheCpuMayStandIn) {
  StartOperator();
  CreateJob("strict", {{"backend", "cuda"}});
  CreateJob("lenient", {{"backend", "cuda"}, {"fallback", "cpu"}});

  EXPECT_EQ(AwaitPhase("strict", "Failed").String({"status", "message"}),
            "spec.backend \"cuda\": this version scores on cpu only (set spec.fallback: cpu to "
            "allow that)");
  AwaitJob("lenient", "BackendFallback",
           [](const kube::Object& job) { return job.Condition("BackendFallback") == "True"; });
  AwaitPod("lenient-1");
  EXPECT_EQ(Pods(), "lenient-1");
}

TEST_F(OperatorApiTest, AsksForTheGpuAlsoWhereTheCpuMayStandInAndSaysSo) {
  StartOperator();
  CreateJob("lenient", {{"backend", "cuda"}, {"fallback", "cpu"}});
  const std::string id = ControllerId("lenient");
  const kube::Object pod = AwaitPod("lenient-1");
  EXPECT_EQ(pod.String({"spec", "containers", "0", "resources", "limits", "nvidia.com/gpu"}), "1");
  EXPECT_EQ(pod.String({"spec", "containers", "0", "resources", "requests", "nvidia.com/gpu"}),
            "1");
  EXPECT_EQ(AtController(id).scoring().backend(), "cpu");

  HandWorker worker(controller_.address(), "lenient-1");
  ASSERT_TRUE(worker.Pull(id));
  worker.ReportScore(70);

  const kube::Object job = AwaitPhase("lenient", "Succeeded");
  EXPECT_EQ(job.Condition("BackendFallback"), "True");
  EXPECT_EQ(job.String({"status", "provenance", "backendUsed"}), "cpu");
}

TEST_F(OperatorApiTest, SaysInTheSchedulersWordsWhyNoNodeTakesAWorker) {
  StartOperator();
  CreateJob("third", {{"backend", "cuda"}, {"fallback", "cpu"}});
  AwaitPod("third-1");

  SetPod("third-1", Json::parse(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable",
      "message": "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."}]})"));

  const kube::Object waiting = AwaitJob("third", "WorkerScheduled", [](const kube::Object& job) {
    return job.Condition("WorkerScheduled") == "False";
  });
  EXPECT_EQ(waiting.String({"status", "phase"}), "Pending");
  EXPECT_EQ(waiting.String({"status", "message"}),
            "worker Pod third-1: Unschedulable: 0/1 nodes are available: 1 Insufficient "
            "nvidia.com/gpu.");

  const Json binding = {{"apiVersion", "v1"},
                        {"kind", "Binding"},
                        {"metadata", {{"name", "third-1"}}},
                        {"target", {{"kind", "Node"}, {"name", "machine-a"}}}};
  auto bound = admin_->Raw("POST", fmt::format("/api/v1/namespaces/{}/pods/third-1/binding", ns_),
                           binding.dump(), Long());
  ASSERT_TRUE(bound.ok()) << bound.error().message();
  AwaitJob("third", "its node", [](const kube::Object& job) {
    return job.Condition("WorkerScheduled") == "True" &&
           job.String({"status", "assignedNode"}) == "machine-a" &&
           job.String({"status", "message"}).empty();
  });
}

// https://kubernetes.io/docs/concepts/security/pod-security-admission/
TEST_F(OperatorApiTest, MakesWorkersThatTheRestrictedProfileLetsIn) {
  const Json restricted = {
      {"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
  ASSERT_TRUE(admin_->MergePatch({"", "v1", "Namespace"}, {"", ns_}, restricted, "", Long()).ok());
  const kube::Object plain(Json{
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", "plain"}, {"namespace", ns_}}},
      {"spec",
       {{"serviceAccountName", "default"}, {"containers", {{{"name", "x"}, {"image", "x"}}}}}}});
  auto refused = admin_->Create(plain, Long());
  ASSERT_TRUE(refused.Is(base::Code::kDenied)) << "the profile is not enforced";
  settings_.controller_tls = true;
  settings_.controller_ca_pem = "-----BEGIN CERTIFICATE-----\n";
  StartOperator();

  Json json = Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
      "spec": {"reference": "rclone://minio/films/ref.y4m", "distorted": "file:///films/dist.y4m",
               "backend": "cuda", "fallback": "cpu",
               "inputs": [{"name": "clips", "configMap": {"name": "clips"},
                           "mountPath": "/fixtures"},
                          {"name": "films", "persistentVolumeClaim": {"claimName": "films"},
                           "mountPath": "/films"}]}})");
  json["metadata"] = {{"name", "all"},
                      {"namespace", ns_},
                      {"annotations", {{"vmafx.dev/rclone-config-secret", "remotes"}}}};
  ASSERT_TRUE(admin_->Create(kube::Object(json), Long()).ok());

  const kube::Object pod = AwaitPod("all-1");
  EXPECT_EQ(pod.Find({"spec", "volumes"})->size(), 5u);
}

TEST_F(OperatorApiTest, TellsWorkersOfTheTrainersOfTheirNamespace) {
  trainings_options_.trainer.image = "vmafx-trainer:test";
  CreateNode("node-cpu", 2);
  const auto create = [&](const std::string& name, const Json& selector) {
    const Json training = {{"apiVersion", "vmafx.dev/v1"},
                           {"kind", "VmafxModelTraining"},
                           {"metadata", {{"name", name}, {"namespace", ns_}}},
                           {"spec",
                            {{"baseModel", "vmaf_v0.6.1"},
                             {"algorithm", "online-sgd-ema"},
                             {"outputRegistry", "registry.video.svc:5000/models/vmafx"},
                             {"dataSource", {{"nodeSelector", selector}}}}}};
    auto created = admin_->Create(kube::Object(training), Long());
    ASSERT_TRUE(created.ok()) << created.error().message();
  };
  create("all", Json::object());
  create("none", {{"zone", "elsewhere"}});
  StartOperator();
  CreateJob("tiny");

  const kube::Object pod = AwaitPod("tiny-1");

  std::map<std::string, std::string> env;
  for (const Json& each : *pod.Find({"spec", "containers", "0", "env"})) {
    env[each.at("name")] = each.value("value", "");
  }
  EXPECT_EQ(env["VMAFX_FEEDBACK_ADDRS"], "vmafx-trainer-all." + ns_ + ".svc:9092");
  EXPECT_EQ(env["VMAFX_NODE_NAME"], "node-cpu");
  EXPECT_EQ(env["POD_NAMESPACE"], ns_);
}

TEST_F(OperatorApiTest, ShowsWhyAWorkerDoesNotStart) {
  StartOperator();
  CreateJob("tiny");
  AwaitPod("tiny-1");

  SetPod("tiny-1", Json::parse(R"({"phase": "Pending", "containerStatuses": [{"name": "worker",
      "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting":
      {"reason": "ErrImageNeverPull", "message": "image \"x\" is not present"}}}]})"));

  AwaitJob("tiny", "the reason", [](const kube::Object& job) {
    return job.String({"status", "message"}) ==
           "worker Pod tiny-1: ErrImageNeverPull: image \"x\" is not present";
  });
}

TEST_F(OperatorApiTest, WaitsForAControllerThatIsAwayAndSaysSo) {
  controller_.Stop();
  StartOperator();
  CreateJob("tiny");
  AwaitJob("tiny", "the reason", [](const kube::Object& job) {
    return job.String({"status", "phase"}) == "Pending" &&
           job.String({"status", "message"}).rfind("SubmitJob at controller", 0) == 0;
  });

  controller_.Restart();

  AwaitPod("tiny-1");
  AwaitJob("tiny", "no complaint", [](const kube::Object& job) {
    return job.String({"status", "message"}).empty();
  });
}

TEST_F(OperatorApiTest, FollowsAControllerThatRestartsInTheMiddle) {
  StartOperator();
  CreateJob("tiny");
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");

  controller_.Restart();
  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(id));
  worker.ReportScore(61);

  EXPECT_EQ(*AwaitPhase("tiny", "Succeeded").Find({"status", "score"}), 61);
  EXPECT_EQ(Pods(), "tiny-1");
}

TEST_F(OperatorApiTest, RemovesAFinishedJobWhenItsTimeIsOver) {
  StartOperator();
  CreateJob("tiny", {{"ttlSecondsAfterFinished", 1}});
  const std::string id = ControllerId("tiny");
  AwaitPod("tiny-1");
  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(id));
  worker.ReportScore(70);

  AwaitGone("tiny");
}

}  // namespace
}  // namespace vmafx::operators::testing
