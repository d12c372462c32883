// From one revision of the chart to the next, by the pinned helm on a real API server: the user's
// objects stay as they are.

#include <gtest/gtest.h>

#include "kube/kubeconfig.h"
#include "kube/testing/api_server.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"
#include "vmafx/operator/testing/chart.h"

namespace vmafx::operators::testing {
namespace {

constexpr char kNamespace[] = "vmafx-system";

// A server of its own: on the shared one the newest CRDs are there already.
class ChartUpgradeApiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto programs = kube::testing::KubernetesPrograms(Long());
    ASSERT_TRUE(programs.ok()) << programs.error().message();
    auto server = kube::testing::ApiServer::Start(*programs, Long());
    ASSERT_TRUE(server.ok()) << server.error().message();
    server_ = *std::move(server);
    client_ = kube::MakeClient(server_->Admin(), base::Log::Nowhere());
    auto folder = sys::TempDir::Make("upgrade");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(*std::move(folder));
    ASSERT_TRUE(sys::WriteFileAtomically(folder_->path() / "kubeconfig",
                                         kube::WriteKubeconfig(server_->Admin(), "upgrade"), 0600)
                    .ok());
  }

  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(90)); }

  void RunHelm(std::vector<std::string> arguments) {
    for (std::string more :
         {std::string("--namespace"), std::string(kNamespace), std::string("--kubeconfig"),
          (folder_->path() / "kubeconfig").string()}) {
      arguments.push_back(std::move(more));
    }
    auto exit = Helm(arguments, Long());
    ASSERT_TRUE(exit.ok()) << exit.error().message();
    ASSERT_TRUE(exit->ok()) << exit->output;
  }

  kube::Object Get(const char* version, const char* kind, const std::string& name,
                   const std::string& ns = kNamespace) {
    auto object = client_->Get(kube::Kind::Of(version, kind), {ns, name}, Long());
    EXPECT_TRUE(object.ok()) << object.error().message();
    return object.ok() ? *object : kube::Object();
  }

  void MakeFinishedJob() {
    kube::Object job(kube::Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
        "metadata": {"name": "kept", "namespace": "default", "finalizers": ["vmafx.dev/job-cancel"]},
        "spec": {"reference": "file:///clips/a.yuv", "distorted": "file:///clips/b.yuv",
                 "options": {"width": 64, "height": 64, "pixelFormat": "420", "bitdepth": 8},
                 "inputs": [{"name": "clips", "mountPath": "/clips", "configMap": {"name": "c"}}]}})"));
    // A kind of a CRD that was just applied is served a moment later.
    const base::Until until = Long();
    base::Result<kube::Object> created = client_->Create(job, until);
    while (created.Is(base::Code::kNotFound) && until.Pause(std::chrono::milliseconds(20))) {
      created = client_->Create(job, until);
    }
    ASSERT_TRUE(created.ok()) << created.error().message();
    created->json()["status"] = kube::Json::parse(R"({"phase": "Succeeded", "score": 46.5,
        "controllerJobID": "id", "attempts": 1, "assignedNode": "n",
        "finishedAt": "2026-01-01T00:00:00Z"})");
    auto stored = client_->UpdateStatus(*created, Long());
    ASSERT_TRUE(stored.ok()) << stored.error().message();
  }

  void ApplyNewCrds() {
    auto objects = RenderChart({}, Long());
    ASSERT_TRUE(objects.ok()) << objects.error().message();
    for (const kube::Object& object : *objects) {
      if (object.kind().kind != "CustomResourceDefinition") continue;
      auto applied = client_->Apply(object, "kubectl", "", Long());
      ASSERT_TRUE(applied.ok()) << applied.error().message();
    }
  }

  base::SystemClock clock_;
  std::unique_ptr<kube::testing::ApiServer> server_;
  std::unique_ptr<kube::Client> client_;
  std::optional<sys::TempDir> folder_;
};

TEST_F(ChartUpgradeApiTest, KeepsJobsVolumeAndWorkloads) {
  RunHelm({"install", "vmafx", sys::testing::SourceFolder() / "test/chart/vmafx-0.1.0.tgz",
           "--create-namespace"});
  MakeFinishedJob();
  const kube::Object job = Get("vmafx.dev/v1", "VmafxJob", "kept", "default");
  const kube::Object claim = Get("v1", "PersistentVolumeClaim", "vmafx-controller-data");
  const kube::Object deployment = Get("apps/v1", "Deployment", "vmafx-operator");

  ApplyNewCrds();
  RunHelm({"upgrade", "vmafx", kChart});

  const kube::Object job_then = Get("vmafx.dev/v1", "VmafxJob", "kept", "default");
  EXPECT_EQ(job_then.uid(), job.uid());
  EXPECT_EQ(*job_then.Find({"spec"}), *job.Find({"spec"}));
  EXPECT_EQ(*job_then.Find({"status"}), *job.Find({"status"}));
  EXPECT_EQ(Get("v1", "PersistentVolumeClaim", "vmafx-controller-data").uid(), claim.uid());
  const kube::Object deployment_then = Get("apps/v1", "Deployment", "vmafx-operator");
  EXPECT_EQ(deployment_then.uid(), deployment.uid());
  EXPECT_EQ(*deployment_then.Find({"spec", "selector"}), *deployment.Find({"spec", "selector"}));
  EXPECT_NE(*deployment_then.Find({"spec", "template"}), *deployment.Find({"spec", "template"}));
  EXPECT_FALSE(
      Get("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "vmafx-operator", "")
          .uid()
          .empty());
}

TEST_F(ChartUpgradeApiTest, LeavesTheWebhooksCertificateAloneAndCanBeRepeated) {
  RunHelm({"install", "vmafx", kChart, "--create-namespace"});
  kube::Object webhook = Get("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
                             "vmafx-operator", "");
  ASSERT_EQ(webhook.Find({"webhooks"})->size(), 3U);
  // As the operator does.
  for (kube::Json& each : webhook.json()["webhooks"]) each["clientConfig"]["caBundle"] = "Y2E=";
  auto stored = client_->Update(webhook, Long());
  ASSERT_TRUE(stored.ok()) << stored.error().message();

  RunHelm({"upgrade", "vmafx", kChart, "--set", "webhook.timeoutSeconds=7"});

  const kube::Object then = Get("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
                                "vmafx-operator", "");
  for (const kube::Json& each : *then.Find({"webhooks"})) {
    EXPECT_EQ(each.at("timeoutSeconds"), 7);
    EXPECT_EQ(each.at("clientConfig").value("caBundle", ""), "Y2E=") << each.at("name");
  }
}

}  // namespace
}  // namespace vmafx::operators::testing
