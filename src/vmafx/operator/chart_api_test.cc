// The chart, by the pinned helm and the real API server.

#include <gtest/gtest.h>

#include "kube/testing/api_server.h"
#include "vmafx/operator/testing/chart.h"

namespace vmafx::operators::testing {
namespace {

class ChartApiTest : public ::testing::Test {
 protected:
  base::Until Long() { return base::Until::After(clock_, std::chrono::seconds(60)); }

  std::string Output(std::vector<std::string> arguments) {
    auto exit = Helm(std::move(arguments), Long());
    EXPECT_TRUE(exit.ok()) << exit.error().message();
    return exit.ok() ? fmt::format("{}: {}", exit->status, exit->output) : "";
  }

  // The object of this kind and name, rendered with `more` arguments.
  kube::Object Rendered(const std::string& kind, const std::string& name,
                        const std::vector<std::string>& more = {}) {
    auto objects = RenderChart(more, Long());
    EXPECT_TRUE(objects.ok()) << objects.error().message();
    for (const kube::Object& object : *objects) {
      if (object.kind().kind == kind && object.name() == name) return object;
    }
    ADD_FAILURE() << "no " << kind << " " << name;
    return {};
  }

  base::SystemClock clock_;
};

TEST_F(ChartApiTest, PassesHelmsOwnChecks) {
  const std::string output = Output({"lint", kChart, "--strict"});

  EXPECT_EQ(output.substr(0, 2), "0:") << output;
}

TEST_F(ChartApiTest, RefusesAMistypedValueByName) {
  for (const char* mistake :
       {"operator.imagee.tag=x", "wroker.maxConcurrent=3", "controller.persistence.sizee=1Gi",
        "operator.logLevel=loud", "worker.maxConcurrent=0", "operator.replicaCount=2"}) {
    const std::string output = Output({"template", "vmafx", kChart, "--set", mistake});

    EXPECT_EQ(output.substr(0, 2), "1:") << mistake;
    EXPECT_NE(output.find("values don't meet the specifications of the schema"), std::string::npos)
        << output;
  }
}

TEST_F(ChartApiTest, NamesItsObjectsAfterTheRelease) {
  EXPECT_EQ(Rendered("Deployment", "vmafx-operator").ns(), "vmafx-system");
  EXPECT_EQ(Rendered("Service", "vmafx-controller").ns(), "vmafx-system");
  const std::string other = Output({"template", "films", kChart});
  EXPECT_NE(other.find("name: films-vmafx-operator\n"), std::string::npos);
  EXPECT_NE(other.find("films-vmafx-controller.default.svc.cluster.local:9090"), std::string::npos);
}

TEST_F(ChartApiTest, RunsItsPodsWithoutRights) {
  for (const char* name : {"vmafx-operator", "vmafx-controller"}) {
    const kube::Object deployment = Rendered("Deployment", name);
    const kube::Json& pod = *deployment.Find({"spec", "template", "spec"});
    const kube::Json& container = pod.at("containers").at(0);

    EXPECT_EQ(pod.at("securityContext").at("runAsUser"), 65532) << name;
    EXPECT_EQ(pod.at("securityContext").at("runAsNonRoot"), true) << name;
    EXPECT_EQ(pod.at("securityContext").at("seccompProfile").at("type"), "RuntimeDefault") << name;
    EXPECT_EQ(container.at("securityContext"),
              kube::Json::parse(R"({"allowPrivilegeEscalation": false,
                  "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}})"))
        << name;
    for (const char* probe : {"startupProbe", "livenessProbe", "readinessProbe"}) {
      EXPECT_TRUE(container.contains(probe)) << name << " " << probe;
    }
    EXPECT_TRUE(container.at("resources").contains("limits")) << name;
  }
}

TEST_F(ChartApiTest, IsAcceptedByTheApiServerAsItIs) {
  auto client = kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere());

  auto applied = ApplyChart(*client, Long());

  EXPECT_TRUE(applied.ok()) << applied.error().message();
}

TEST_F(ChartApiTest, GivesTheOperatorNoRightBeyondItsWork) {
  auto& server = kube::testing::SharedApiServer();
  auto admin = kube::MakeClient(server.Admin(), base::Log::Nowhere());
  auto applied = ApplyChart(*admin, Long());
  ASSERT_TRUE(applied.ok()) << applied.error().message();
  auto access = server.As("system:serviceaccount:vmafx-system:vmafx-operator",
                          {"system:serviceaccounts", "system:authenticated"});
  ASSERT_TRUE(access.ok()) << access.error().message();
  auto client = kube::MakeClient(*access, base::Log::Nowhere());
  const auto denied = [&](const char* version, const char* kind) {
    return client->List(kube::Kind::Of(version, kind), {}, Long()).Is(base::Code::kDenied);
  };

  EXPECT_FALSE(denied("vmafx.dev/v1", "VmafxJob"));
  EXPECT_FALSE(denied("vmafx.dev/v1", "VmafxNode"));
  EXPECT_FALSE(denied("v1", "Pod"));
  EXPECT_FALSE(denied("vmafx.dev/v1", "VmafxModelTraining"));
  EXPECT_FALSE(denied("apps/v1", "Deployment"));
  EXPECT_FALSE(denied("v1", "Service"));
  EXPECT_FALSE(denied("v1", "PersistentVolumeClaim"));
  for (const char* kind : {"Secret", "ConfigMap", "Node", "ServiceAccount", "PersistentVolume"}) {
    EXPECT_TRUE(denied("v1", kind)) << kind;
  }
  EXPECT_TRUE(denied("apps/v1", "ReplicaSet"));
  EXPECT_TRUE(denied("apps/v1", "DaemonSet"));
  // Trainers' objects are made and changed, never removed; their claims are not even changed.
  for (const kube::Kind& kind :
       {kube::Kind::Of("apps/v1", "Deployment"), kube::Kind::Of("v1", "Service"),
        kube::Kind::Of("v1", "PersistentVolumeClaim"),
        kube::Kind::Of("vmafx.dev/v1", "VmafxModelTraining"),
        kube::Kind::Of("vmafx.dev/v1", "VmafxNode")}) {
    EXPECT_TRUE(client->Delete(kind, {"default", "x"}, {}, Long()).Is(base::Code::kDenied))
        << kind.kind;
  }
  for (const char* kind : {"VmafxModelTraining", "VmafxNode"}) {
    EXPECT_TRUE(client
                    ->MergePatch(kube::Kind::Of("vmafx.dev/v1", kind), {"default", "x"},
                                 {{"spec", {{"a", 1}}}}, "", Long())
                    .Is(base::Code::kDenied))
        << kind;
  }
  EXPECT_TRUE(client
                  ->MergePatch(kube::Kind::Of("v1", "PersistentVolumeClaim"), {"default", "x"},
                               {{"spec", {{"a", 1}}}}, "", Long())
                  .Is(base::Code::kDenied));
  kube::Object node(kube::Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxNode",
      "metadata": {"name": "n", "namespace": "default"}, "spec": {"gpuVendor": "cpu"}})"));
  EXPECT_TRUE(client->Create(node, Long()).Is(base::Code::kDenied));
}

TEST_F(ChartApiTest, RefusesHalfAnInputAndFillsInDefaults) {
  auto client = kube::MakeClient(kube::testing::SharedApiServer().Admin(), base::Log::Nowhere());
  auto applied = ApplyChart(*client, Long());
  ASSERT_TRUE(applied.ok()) << applied.error().message();
  kube::testing::TestNamespace ns(*client);
  kube::Json json = kube::Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
      "metadata": {"name": "half"}, "spec": {"reference": "file:///a", "distorted": "file:///b",
      "inputs": [{"name": "clips", "mountPath": "/fixtures"}]}})");
  json["metadata"]["namespace"] = ns.name();

  auto refused = client->Create(kube::Object(json), Long());
  ASSERT_TRUE(refused.Is(base::Code::kInvalid));
  EXPECT_NE(refused.error().message().find("give either configMap or persistentVolumeClaim"),
            std::string::npos)
      << refused.error().message();

  json["spec"].erase("inputs");
  auto stored = client->Create(kube::Object(json), Long());
  ASSERT_TRUE(stored.ok()) << stored.error().message();
  EXPECT_EQ(stored->String({"spec", "backend"}), "cpu");
  EXPECT_EQ(*stored->Find({"spec", "priority"}), 0);
}

}  // namespace
}  // namespace vmafx::operators::testing
