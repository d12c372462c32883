// The chart's NetworkPolicies, rendered by the pinned helm and held against a table of the flows
// that the platform needs and of those that nobody should have.

#include <gtest/gtest.h>

#include "base/clock.h"
#include "vmafx/operator/testing/chart.h"
#include "vmafx/operator/testing/network_policy.h"

namespace vmafx::operators::testing {
namespace {

constexpr char kHome[] = "vmafx-system";

Place Component(const std::string& component, const std::string& ns = kHome) {
  return {ns,
          {{"app.kubernetes.io/name", "vmafx"},
           {"app.kubernetes.io/instance", "vmafx"},
           {"app.kubernetes.io/component", component}}};
}

const Place kOperator = Component("operator");
const Place kController = Component("controller");
const Place kNode = Component("node");
const Place kWorker = Component("worker", "films");
const Place kTrainer = Component("trainer", "films");
const Place kOtherTrainer = Component("trainer", "games");
const Place kStore = {"films", {{"app", "minio"}}};
const Place kStranger = {"films", {{"app", "web"}}};
const Place kApp = {"apps", {{"app", "client"}}};
const Place kPrometheus = {"monitoring", {{"app", "prometheus"}}};
const Place kDns = {"kube-system", {{"k8s-app", "kube-dns"}}};
const Place kOutside = {};  // the API server, and all that is no Pod

struct Judgement {
  const char* what;
  Flow flow;
};

const Judgement kNeeded[] = {
    {"operator submits to the controller", {kOperator, kController, 9090}},
    {"operator follows a trainer's status", {kOperator, kTrainer, 9091}},
    {"operator probes a node's /healthz", {kOperator, kStranger, 8080}},
    {"operator reads and writes objects", {kOperator, kOutside, 6443}},
    {"operator finds names", {kOperator, kDns, 53, "UDP"}},
    {"the API server asks the webhook", {kOutside, kOperator, 9443}},
    {"controller has tokens reviewed", {kController, kOutside, 443}},
    {"controller brings samples again", {kController, kTrainer, 9092}},
    {"controller finds names", {kController, kDns, 53, "UDP"}},
    {"pool node pulls work", {kNode, kController, 9090}},
    {"pool node reads a store in the cluster", {kNode, kStore, 9000}},
    {"pool node reads a store elsewhere", {kNode, kOutside, 443}},
    {"pool node's sidecar forwards samples", {kNode, kTrainer, 9092}},
    {"pool node finds names", {kNode, kDns, 53, "TCP"}},
    {"worker pulls its job", {kWorker, kController, 9090}},
    {"worker reads a store in the cluster", {kWorker, kStore, 9000}},
    {"worker reads a store elsewhere", {kWorker, kOutside, 443}},
    {"worker brings its sample", {kWorker, kTrainer, 9092}},
    {"worker finds names", {kWorker, kDns, 53, "UDP"}},
    {"trainer pushes to a registry in the cluster", {kTrainer, kStore, 5000}},
    {"trainer pushes to a registry elsewhere", {kTrainer, kOutside, 443}},
    {"trainer finds names", {kTrainer, kDns, 53, "UDP"}},
    {"a named client submits by gRPC", {kApp, kController, 9090}},
    {"a named client submits by REST", {kApp, kController, 8080}},
    {"the monitor reads the operator's metrics", {kPrometheus, kOperator, 8080}},
    {"the monitor reads the controller's metrics", {kPrometheus, kController, 8080}},
    {"the monitor reads a pool node's metrics", {kPrometheus, kNode, 9090}},
    {"the monitor reads a trainer's metrics", {kPrometheus, kTrainer, 9091}},
};

const Judgement kForbidden[] = {
    {"a stranger speaks to the controller", {kStranger, kController, 9090}},
    {"a stranger uses the controller's REST", {kStranger, kController, 8080}},
    {"a stranger poisons a trainer", {kStranger, kTrainer, 9092}},
    {"a stranger reads the operator's metrics", {kStranger, kOperator, 8080}},
    {"a stranger reaches a worker", {kStranger, kWorker, 8080}},
    {"a stranger reaches a pool node", {kStranger, kNode, 9090}},
    {"a worker of one namespace tells another's trainer", {kWorker, kOtherTrainer, 9092}},
    {"a worker uses the controller's REST", {kWorker, kController, 8080}},
    {"a worker speaks to the API server", {kWorker, kOutside, 6443}},
    {"a worker speaks to the operator", {kWorker, kOperator, 9443}},
    {"a worker follows a trainer's status", {kWorker, kTrainer, 9091}},
    {"a trainer speaks to the controller", {kTrainer, kController, 9090}},
    {"a trainer speaks to the API server", {kTrainer, kOutside, 6443}},
    {"a pool node speaks to the API server", {kNode, kOutside, 6443}},
    {"the controller reaches into the internet", {kController, kOutside, 80}},
    {"the controller reads a store", {kController, kStore, 9000}},
    {"the operator reads a store", {kOperator, kStore, 9000}},
    {"the operator probes outside of the cluster", {kOperator, kOutside, 8080}},
    {"the monitor speaks gRPC to the controller", {kPrometheus, kController, 9090}},
    {"the monitor brings samples", {kPrometheus, kTrainer, 9092}},
    {"a client follows a trainer's status", {kApp, kTrainer, 9091}},
    {"the controller asks a DNS server elsewhere", {kController, kOutside, 53, "UDP"}},
};

class ChartNetworkApiTest : public ::testing::Test {
 protected:
  std::vector<kube::Object> Policies(const std::vector<std::string>& more) {
    auto objects = RenderChart(more, base::Until::After(clock_, std::chrono::seconds(60)));
    EXPECT_TRUE(objects.ok()) << objects.error().message();
    std::vector<kube::Object> policies;
    for (const kube::Object& object : *objects) {
      if (object.kind().kind == "NetworkPolicy") policies.push_back(object);
    }
    return policies;
  }

  base::SystemClock clock_;
};

TEST_F(ChartNetworkApiTest, LetsThroughWhatIsNeededAndNothingElse) {
  const std::string peer = ".namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=";
  const auto policies = Policies(
      {"--set",
       "networkPolicy.enabled=true,networkPolicy.jobNamespaces={films,games},node.enabled=true,"
       "node.sidecar.enabled=true,node.sidecar.training.name=a,node.sidecar.training.namespace="
       "films",
       "--set", "networkPolicy.clients[0]" + peer + "apps", "--set",
       "networkPolicy.monitoring[0]" + peer + "monitoring"});

  EXPECT_EQ(policies.size(), 7U);
  for (const Judgement& each : kNeeded) EXPECT_TRUE(Allows(policies, each.flow)) << each.what;
  for (const Judgement& each : kForbidden) EXPECT_FALSE(Allows(policies, each.flow)) << each.what;
}

TEST_F(ChartNetworkApiTest, LetsNobodyReadMetricsOrSubmitUnlessNamed) {
  const auto policies = Policies({"--set", "networkPolicy.enabled=true"});

  EXPECT_TRUE(Allows(policies, {kOperator, kController, 9090}));
  EXPECT_FALSE(Allows(policies, {kPrometheus, kController, 8080}));
  EXPECT_FALSE(Allows(policies, {kPrometheus, kOperator, 8080}));
  EXPECT_FALSE(Allows(policies, {kApp, kController, 9090}));
}

TEST_F(ChartNetworkApiTest, FencesNothingByDefault) {
  EXPECT_TRUE(Policies({}).empty());
  EXPECT_TRUE(Allows({}, {kStranger, kController, 9090}));
}

TEST_F(ChartNetworkApiTest, FollowsThePortsThatTheValuesName) {
  const auto policies =
      Policies({"--set",
                "networkPolicy.enabled=true,networkPolicy.jobNamespaces={films},webhook.port=8443,"
                "networkPolicy.storagePorts={8333},networkPolicy.registryPorts={5555}"});

  EXPECT_TRUE(Allows(policies, {kOutside, kOperator, 8443}));
  EXPECT_FALSE(Allows(policies, {kOutside, kOperator, 9443}));
  EXPECT_TRUE(Allows(policies, {kWorker, kStore, 8333}));
  EXPECT_FALSE(Allows(policies, {kWorker, kStore, 9000}));
  EXPECT_TRUE(Allows(policies, {kTrainer, kStore, 5555}));
  EXPECT_FALSE(Allows(policies, {kTrainer, kStore, 5000}));
}

}  // namespace
}  // namespace vmafx::operators::testing
