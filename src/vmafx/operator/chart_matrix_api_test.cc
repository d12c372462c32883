// The chart under a matrix of values: each is accepted by the real API server with strict field
// validation, and each Pod by the restricted Pod Security Standard.

#include <set>

#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "vmafx/operator/testing/chart.h"

namespace vmafx::operators::testing {
namespace {

using Arguments = std::vector<std::string>;
using Names = std::set<std::string>;

struct Case {
  const char* name;
  Arguments arguments;
  Names has;  // "Kind name"
  Names has_not;
};

const Case kCases[] = {
    {"defaults",
     {},
     {"Deployment vmafx-operator", "Deployment vmafx-controller", "Service vmafx-operator-webhook",
      "ValidatingWebhookConfiguration vmafx-operator", "ClusterRole vmafx-controller"},
     {"Deployment vmafx-node", "Certificate vmafx-operator-webhook"}},
    {"no operator",
     {"--set", "operator.enabled=false"},
     {"Deployment vmafx-controller"},
     {"Deployment vmafx-operator", "ValidatingWebhookConfiguration vmafx-operator",
      "Service vmafx-operator-webhook", "ClusterRole vmafx-operator"}},
    {"no controller",
     {"--set", "controller.enabled=false"},
     {"Deployment vmafx-operator"},
     {"Deployment vmafx-controller", "Service vmafx-controller", "ClusterRole vmafx-controller"}},
    {"two operators",
     {"--set",
      "operator.replicaCount=2,operator.leaderElect=true,podDisruptionBudget.enabled=true"},
     {"PodDisruptionBudget vmafx-operator", "Role vmafx-operator"},
     {"PodDisruptionBudget vmafx-node"}},
    {"no webhook",
     {"--set", "webhook.enabled=false"},
     {},
     {"ValidatingWebhookConfiguration vmafx-operator", "Service vmafx-operator-webhook"}},
    {"cert-manager asked for",
     {"--set", "webhook.certManager.enabled=true"},
     {"Certificate vmafx-operator-webhook", "Issuer vmafx-operator-webhook"},
     {}},
    {"cert-manager found",
     {"--api-versions", "cert-manager.io/v1"},
     {"Certificate vmafx-operator-webhook"},
     {}},
    {"cert-manager found and not wanted",
     {"--api-versions", "cert-manager.io/v1", "--set", "webhook.certManager.enabled=false"},
     {},
     {"Certificate vmafx-operator-webhook"}},
    {"everybody may",
     {"--set", "auth.mode=none"},
     {},
     {"ClusterRole vmafx-controller", "ClusterRoleBinding vmafx-controller"}},
    {"TLS and tokens",
     {"--set", "tls.enabled=true,tls.secretName=certificate,auth.tokensSecret=tokens"},
     {"Deployment vmafx-controller"},
     {}},
    {"pool",
     {"--set", "node.enabled=true"},
     {"Deployment vmafx-node", "ServiceAccount vmafx-node"},
     {"Secret vmafx-rclone-config"}},
    {"pool with all",
     {"--set",
      "node.enabled=true,node.replicaCount=3,node.slots=4,node.scoringRoots={/clips},"
      "node.sidecar.enabled=true,node.sidecar.training.name=films,podDisruptionBudget.enabled=true,"
      "tls.enabled=true,tls.secretName=certificate,node.nodeSelector.disk=fast,"
      "node.tolerations[0].key=gpu,node.tolerations[0].operator=Exists,node.extraEnv.A=b",
      "--set-string", "storage.rclone.config=[s3]", "--set-json",
      R"(node.volumes=[{"name": "clips", "emptyDir": {}}])", "--set-json",
      R"(node.volumeMounts=[{"name": "clips", "mountPath": "/clips"}])"},
     {"Secret vmafx-rclone-config", "PodDisruptionBudget vmafx-node"},
     {}},
    {"pool elsewhere",
     {"--set",
      "node.enabled=true,operator.enabled=false,controller.enabled=false,"
      "node.controllerAddr=vmafx.example.com:443,node.tokenSecret=token,"
      "storage.rclone.existingSecret=mine,node.strategy.type=Recreate"},
     {"Deployment vmafx-node"},
     {"Secret vmafx-rclone-config", "Deployment vmafx-controller"}},
    {"fences",
     {"--set", "networkPolicy.enabled=true,networkPolicy.jobNamespaces={vmafx-system}"},
     {"NetworkPolicy vmafx-operator", "NetworkPolicy vmafx-controller",
      "NetworkPolicy vmafx-worker", "NetworkPolicy vmafx-trainer"},
     {"NetworkPolicy vmafx-node"}},
    {"monitors",
     {"--set", "monitoring.serviceMonitor.enabled=true,node.enabled=true"},
     {"ServiceMonitor vmafx-operator", "ServiceMonitor vmafx-controller",
      "ServiceMonitor vmafx-node", "Service vmafx-operator-metrics", "Service vmafx-node-metrics"},
     {}},
    {"no volume, other ports",
     {"--set",
      "controller.persistence.enabled=false,controller.service.grpcPort=9999,"
      "controller.service.type=NodePort,webhook.port=8443"},
     {"Service vmafx-controller"},
     {"PersistentVolumeClaim vmafx-controller-data"}},
    {"placement and secrets",
     {"--set",
      "imagePullSecrets[0].name=pull,operator.nodeSelector.a=b,controller.podAnnotations.c=d,"
      "controller.extraEnv.VMAFX_LOG_FORMAT=json,operator.tolerations[0].operator=Exists"},
     {"Deployment vmafx-operator"},
     {}},
};

class ChartMatrixApiTest : public ::testing::Test {
 protected:
  ChartMatrixApiTest()
      : client_(kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere())) {}

  void SetUp() override {
    auto applied = ApplyChart(*client_, Long());
    ASSERT_TRUE(applied.ok()) << applied.error().message();
    auto labelled = client_->MergePatch(
        {"", "v1", "Namespace"}, {"", "vmafx-system"},
        {{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}}, "",
        Long());
    ASSERT_TRUE(labelled.ok()) << labelled.error().message();
  }

  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  std::vector<kube::Object> Render(const Arguments& arguments) {
    auto objects = RenderChart(arguments, Long());
    EXPECT_TRUE(objects.ok()) << objects.error().message();
    return objects.ok() ? *objects : std::vector<kube::Object>();
  }

  // As `kubectl create --dry-run=server --validate=strict` does it, under another name where one is
  // there already.
  base::Result<> DryRun(kube::Object object) {
    const kube::Resource resource = TRY(client_->Discover(object.kind(), Long()));
    object.json()["metadata"]["name"] = object.name() + "-dry-run";
    const kube::Kind kind = object.kind();
    const std::string root = kind.group.empty() ? "/api/v1" : "/apis/" + kind.ApiVersion();
    const std::string where = resource.namespaced ? "/namespaces/" + object.ns() : "";
    TRY(client_->Raw(
        "POST",
        fmt::format("{}{}/{}?dryRun=All&fieldValidation=Strict", root, where, resource.plural),
        object.json().dump(), Long()));
    return base::Ok();
  }

  base::SystemClock clock_;
  std::unique_ptr<kube::Client> client_;
};

bool IsOfAnotherProject(const kube::Object& object) {
  return object.kind().group == "cert-manager.io" || object.kind().group == "monitoring.coreos.com";
}

TEST_F(ChartMatrixApiTest, RendersWhatTheValuesAskForAndTheApiServerTakesIt) {
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    Names names;
    for (const kube::Object& object : Render(each.arguments)) {
      names.insert(object.kind().kind + " " + object.name());
      if (object.kind().kind == "CustomResourceDefinition" || IsOfAnotherProject(object)) continue;
      auto accepted = DryRun(object);
      EXPECT_TRUE(accepted.ok()) << object.Text() << ": " << accepted.error().message();
    }
    for (const std::string& name : each.has) EXPECT_TRUE(names.count(name)) << name;
    for (const std::string& name : each.has_not) EXPECT_FALSE(names.count(name)) << name;
  }
}

TEST_F(ChartMatrixApiTest, MakesOnlyPodsOfTheRestrictedPodSecurityStandard) {
  int pods = 0;
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    for (const kube::Object& object : Render(each.arguments)) {
      if (object.kind().kind != "Deployment") continue;
      kube::Object pod(
          kube::Json{{"apiVersion", "v1"},
                     {"kind", "Pod"},
                     {"metadata", {{"name", object.name()}, {"namespace", object.ns()}}},
                     {"spec", *object.Find({"spec", "template", "spec"})}});
      auto accepted = DryRun(pod);
      EXPECT_TRUE(accepted.ok()) << object.Text() << ": " << accepted.error().message();
      ++pods;
    }
  }
  EXPECT_GE(pods, 20);

  kube::Object root(kube::Json::parse(R"({"apiVersion": "v1", "kind": "Pod",
      "metadata": {"name": "root", "namespace": "vmafx-system"},
      "spec": {"containers": [{"name": "a", "image": "b"}]}})"));
  EXPECT_TRUE(DryRun(root).Is(base::Code::kDenied)) << "the namespace does not enforce anything";
}

TEST_F(ChartMatrixApiTest, RefusesAMistypedValueAtEveryDepth) {
  for (const char* mistake : {"networkPolicy.enable=true",
                              "networkPolicy.clients[0].podSelektor.matchLabels.a=b",
                              "networkPolicy.storagePorts={none}",
                              "node.sidecar.training.nmae=x",
                              "node.sidecar.enabled=true",
                              "node.slots=65",
                              "node.backend=auto",
                              "node.scratch.size=1Gi",
                              "node.controllerAddr=http://x:1",
                              "node.scoringRoots={clips}",
                              "node.extraEnv.A-B=c",
                              "storage.rclone.conf=x",
                              "storage.rclon.config=x",
                              "tls.enabled=true",
                              "tls.secret=x",
                              "auth.mode=jwt",
                              "auth.mode=none,auth.tokensSecret=x",
                              "auth.tokenSecret=x",
                              "webhook.certManager.enable=true",
                              "webhook.failurePolicy=Maybe",
                              "webhook.port=443",
                              "trainer.image.tagg=x",
                              "trainer.storage.size=big",
                              "trainer.plainHttpHosts={http://x}",
                              "monitoring.serviceMonitor.interval=30",
                              "podDisruptionBudget.maxUnavailable=half",
                              "controller.tolerations[0].kee=x",
                              "operator.extraEnv.A.b=c",
                              "sidecar.enabled=true",
                              "gpu.enabled=true"}) {
    auto exit = Helm({"template", "vmafx", kChart, "--set", mistake}, Long());
    ASSERT_TRUE(exit.ok()) << exit.error().message();

    EXPECT_FALSE(exit->ok()) << mistake;
    EXPECT_NE(exit->output.find("values don't meet the specifications of the schema"),
              std::string::npos)
        << mistake << ": " << exit->output;
  }
}

}  // namespace
}  // namespace vmafx::operators::testing
