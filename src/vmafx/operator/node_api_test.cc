// The status of VmafxNodes, by the operator with the chart's rights, a real kube-apiserver, a real
// controller, and a real HTTP server in the place of a node's Service.

#include <gtest/gtest.h>

#include "net/http_server.h"
#include "net/testing/reserved_port.h"
#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

constexpr char kUrl[] = "http://stub.films.svc:8080/healthz";

class NodeApiTest : public OperatorWorld {
 protected:
  NodeApiTest() {
    nodes_.emplace(*admin_, kube::StoreOptions{kNodeKind, ns_, {}}, clock_, base::Log::Nowhere());
    nodes_options_.probe.period = std::chrono::milliseconds(100);
    nodes_options_.probe.timeout = std::chrono::seconds(60);  // busy cores are no sick node
    nodes_options_.probe.route = [this](const std::string& url) {
      EXPECT_EQ(url, kUrl);
      return Healthz();
    };
    nodes_options_.registry_period = std::chrono::milliseconds(100);
  }
  ~NodeApiTest() override {
    StopOperator();
    for (const kube::ObjectPtr& node : nodes_->List()) {
      static_cast<void>(admin_->Delete(kNodeKind, node->key(), {}, Long()));
    }
  }

  std::string Healthz() const { return "http://" + port_.address() + "/healthz"; }

  void StartStub(int status = 200) {
    auto server = net::HttpServer::Start(
        port_.address(),
        {{"/healthz", [status] {
            return net::Answer{status, R"({"device": "stub"})", "application/json"};
          }}});
    ASSERT_TRUE(server.ok()) << server.error().message();
    stub_ = *std::move(server);
  }
  void StopStub() { stub_.reset(); }

  void CreateProbed(const std::string& name, const std::string& url = kUrl) {
    const Json json = {
        {"apiVersion", "vmafx.dev/v1"},
        {"kind", "VmafxNode"},
        {"metadata",
         {{"name", name}, {"namespace", ns_}, {"annotations", {{"vmafx.dev/healthz-url", url}}}}},
        {"spec", {{"gpuVendor", "cpu"}}}};
    auto created = admin_->Create(kube::Object(json), Long());
    ASSERT_TRUE(created.ok()) << created.error().message();
  }
  void Annotate(const std::string& name, const Json& url) {
    auto patched = admin_->MergePatch(
        kNodeKind, {ns_, name}, {{"metadata", {{"annotations", {{"vmafx.dev/healthz-url", url}}}}}},
        "", Long());
    ASSERT_TRUE(patched.ok()) << patched.error().message();
  }

  kube::Object Await(const std::string& name, const std::string& what,
                     const std::function<bool(const kube::Object&)>& ready) {
    const kube::Key key{ns_, name};
    auto waited = nodes_->WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find(key);
          return found != snapshot.objects.end() && ready(*found->second);
        },
        Long());
    const kube::ObjectPtr node = nodes_->Find(key);
    EXPECT_TRUE(waited.ok()) << "waited for " << what << "; " << name << " is "
                             << (node == nullptr ? "not there" : node->json().dump(2));
    return node == nullptr ? kube::Object() : *node;
  }
  kube::Object AwaitHealthy(const std::string& name, bool healthy) {
    return Await(name, healthy ? "healthy" : "not healthy", [&](const kube::Object& node) {
      const Json* found = node.Find({"status", "healthy"});
      return found != nullptr && *found == healthy;
    });
  }
  kube::Object AwaitReason(const std::string& name, const std::string& reason) {
    return Await(name, reason, [&](const kube::Object& node) { return Reason(node) == reason; });
  }
  kube::Object AwaitJobs(const std::string& name, int count) {
    return Await(name, fmt::format("{} jobs", count), [&](const kube::Object& node) {
      const Json* found = node.Find({"status", "assignedJobs"});
      return found != nullptr && *found == count;
    });
  }
  static std::string Reason(const kube::Object& node) {
    return node.String({"status", "conditions", "0", "reason"});
  }
  static std::string Heartbeat(const kube::Object& node) {
    return node.String({"status", "lastHeartbeat"});
  }

  net::testing::ReservedPort port_;  // the stub's, also between two lives
  std::unique_ptr<net::HttpServer> stub_;
  std::optional<kube::Store> nodes_;
};

TEST_F(NodeApiTest, AnAnsweringNodeHasAHeartbeatThatGoesOn) {
  StartStub();
  StartOperator();
  CreateProbed("stub");

  const kube::Object node = AwaitHealthy("stub", true);
  EXPECT_EQ(node.String({"status", "detectedDevice"}), "stub");
  EXPECT_EQ(node.Condition("Ready"), "True");
  EXPECT_EQ(*node.Find({"status", "assignedJobs"}), 0);
  EXPECT_EQ(*node.Find({"status", "observedGeneration"}), 1);
  ASSERT_NE(Heartbeat(node), "");

  Await("stub", "a later heartbeat",
        [&](const kube::Object& later) { return Heartbeat(later) > Heartbeat(node); });
}

TEST_F(NodeApiTest, HeartbeatsStopWithTheNodeAndComeBackWithIt) {
  StartStub();
  StartOperator();
  CreateProbed("stub");
  AwaitHealthy("stub", true);

  StopStub();
  const kube::Object down = AwaitReason("stub", "ConnectionRefused");
  EXPECT_EQ(*down.Find({"status", "healthy"}), false);
  EXPECT_EQ(down.Condition("Ready"), "False");
  EXPECT_NE(down.String({"status", "conditions", "0", "message"}).find(kUrl), std::string::npos);

  StartStub(503);
  const kube::Object sick = AwaitReason("stub", "HTTPStatus");
  EXPECT_EQ(Heartbeat(sick), Heartbeat(down)) << "no heartbeat of one that did not say it is well";

  StopStub();
  StartStub();
  const kube::Object up = AwaitHealthy("stub", true);
  EXPECT_GE(Heartbeat(up), Heartbeat(down));
  EXPECT_EQ(up.Condition("Ready"), "True");
}

TEST_F(NodeApiTest, AsksNobodyOutsideTheCluster) {
  StartStub();
  StartOperator();
  CreateProbed("spy", "http://169.254.169.254/latest/meta-data");

  const kube::Object spy = AwaitHealthy("spy", false);
  EXPECT_EQ(Reason(spy), "InvalidHealthzUrl");
  EXPECT_EQ(Heartbeat(spy), "");

  Annotate("spy", kUrl);
  AwaitHealthy("spy", true);
}

TEST_F(NodeApiTest, AnOperatorThatComesLaterFindsTheSame) {
  StartStub();
  StartOperator();
  CreateProbed("stub");
  const kube::Object before = AwaitHealthy("stub", true);
  StopOperator();
  StopStub();

  StartOperator();

  const kube::Object down = AwaitHealthy("stub", false);
  EXPECT_GE(Heartbeat(down), Heartbeat(before));
  StopOperator();
  StartStub();
  StartOperator();
  EXPECT_GE(Heartbeat(AwaitHealthy("stub", true)), Heartbeat(down));
}

TEST_F(NodeApiTest, AnUnhealthyNodeGetsNoJobsAndTheJobSaysWhy) {
  StartStub(503);
  StartOperator();
  CreateProbed("sick");
  AwaitHealthy("sick", false);

  CreateJob("tiny");
  const kube::Object waiting = AwaitJob(
      "tiny", "Queued", [](const kube::Object& job) { return job.Condition("Queued") == "True"; });
  EXPECT_EQ(waiting.String({"status", "message"}),
            fmt::format("namespace {} has VmafxNodes, but no healthy one of vendor cpu; sick: {}: "
                        "answered 503, not 200",
                        ns_, kUrl));
  EXPECT_EQ(Pods(), "");

  StopStub();
  StartStub();
  EXPECT_EQ(AwaitPod("tiny-1").Label("vmafx.dev/node"), "sick");
}

TEST_F(NodeApiTest, CountsTheWorkersThatItRuns) {
  StartStub();
  StartOperator();
  CreateProbed("stub");
  AwaitHealthy("stub", true);
  CreateJob("tiny");
  AwaitPod("tiny-1");
  AwaitJobs("stub", 1);

  HandWorker worker(controller_.address(), "tiny-1");
  ASSERT_TRUE(worker.Pull(ControllerId("tiny")));
  worker.ReportScore(50);
  EndPod("tiny-1", 0, "Completed");

  AwaitJobs("stub", 0);
}

TEST_F(NodeApiTest, WithoutAUrlTheControllersWordCountsAndOnlyThat) {
  StartOperator();
  CreateNode("quiet", 1);
  const kube::Object idle = AwaitReason("quiet", "Idle");
  EXPECT_EQ(*idle.Find({"status", "healthy"}), true);
  EXPECT_EQ(Heartbeat(idle), "") << "nobody has answered";

  HandWorker worker(controller_.address(), "w-1", ns_, "quiet");

  const kube::Object heard = Await(
      "quiet", "a heartbeat", [](const kube::Object& node) { return !Heartbeat(node).empty(); });
  EXPECT_EQ(*heard.Find({"status", "healthy"}), true);
}

TEST_F(NodeApiTest, OneOfManySilentNodesDoesNotHoldUpTheOthers) {
  StartStub();
  nodes_options_.probe.timeout = std::chrono::seconds(2);
  nodes_options_.probe.route = [this](const std::string& url) {
    return url == kUrl ? Healthz() : url;
  };
  StartOperator();
  for (int i = 0; i < 20; ++i) {
    CreateProbed(fmt::format("gone-{}", i), "http://nobody.films.svc:1/healthz");
  }
  CreateProbed("stub");

  AwaitHealthy("stub", true);
  AwaitHealthy("gone-19", false);
}

}  // namespace
}  // namespace vmafx::operators::testing
