#include "cluster/native/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/native/boot_objects.h"
#include "value/json.h"

namespace cluster::native {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using value::Json;

NodeSpec Node() {
  NodeSpec node;
  node.layout.folder = "/state/ci";
  node.bin = "/opt/kube";
  node.node_name = "ci-node";
  node.cgroup = "seatrial-ci-12345678";
  return node;
}

std::string Content(const NodeSpec& node, const std::string& name) {
  for (const ConfigFile& file : ConfigFiles(node))
    if (file.path.filename() == name) return file.content;
  ADD_FAILURE() << "no file " << name;
  return "";
}

TEST(ComponentsTest, GivesTheKubeletItsOwnCgroupAndRuntime) {
  const Json config = Json::parse(Content(Node(), "kubelet.json"));

  EXPECT_EQ(config["cgroupRoot"], "/seatrial-ci-12345678");
  EXPECT_EQ(config["containerRuntimeEndpoint"], "unix:///state/ci/containerd.sock");
  EXPECT_EQ(config["clusterDNS"], Json::array({"10.96.0.10"}));
  EXPECT_EQ(config["localStorageCapacityIsolation"], true);
}

TEST(ComponentsTest, TurnsStorageMeasuringOffWhereTheKubeletCannotDoIt) {
  NodeSpec node = Node();
  node.measure_storage = false;

  EXPECT_EQ(Json::parse(Content(node, "kubelet.json"))["localStorageCapacityIsolation"], false);
}

TEST(ComponentsTest, WritesTheCniConfigurationAsPluginsReadIt) {
  const Json config = Json::parse(Content(Node(), "10-seatrial.conflist"));

  ASSERT_EQ(config["plugins"].size(), 2u);
  const Json& bridge = config["plugins"][0];
  EXPECT_EQ(bridge["type"], "bridge");
  EXPECT_EQ(bridge["ipam"]["ranges"].dump(), R"([[{"subnet":"10.244.0.0/24"}]])");
  EXPECT_EQ(bridge["ipam"]["routes"].dump(), R"([{"dst":"0.0.0.0/0"}])");
  EXPECT_EQ(config["plugins"][1]["capabilities"]["portMappings"], true);
}

TEST(ComponentsTest, NeverLeavesTheMachineFromTheNodesNetwork) {
  const std::string batch = Content(Node(), "network");

  EXPECT_THAT(batch, HasSubstr("route add unreachable default\n"));
  EXPECT_THAT(batch, HasSubstr("address add 10.88.0.1/32 dev lo\n"));
}

TEST(ComponentsTest, NamesEveryProgramByItsPathInTheGivenFolder) {
  const NodeSpec node = Node();
  for (const Component& component :
       {Etcd(node), ApiServer(node), ControllerManager(node), Scheduler(node), Containerd(node),
        Kubelet(node), Proxy(node), CoreDns(node)}) {
    EXPECT_EQ(component.argv[0].rfind("/opt/kube/", 0), 0u) << component.name;
    EXPECT_EQ(component.environment.at("PATH").rfind("/opt/kube:", 0), 0u) << component.name;
    EXPECT_FALSE(component.once) << component.name;
  }
}

TEST(ComponentsTest, LetsTheControllerManagerKeepUpWithSuitesThatDeleteManyNamespaces) {
  const auto argv = ControllerManager(Node()).argv;

  EXPECT_THAT(argv, Contains("--concurrent-namespace-syncs=50"));
  EXPECT_THAT(argv, Contains("--kube-api-qps=1000"));
  EXPECT_THAT(argv, Contains("--enable-hostpath-provisioner=true"));
}

TEST(ComponentsTest, NotesRequestsOnlyWhereAsked) {
  NodeSpec node = Node();
  EXPECT_THAT(ApiServer(node).argv, Not(Contains(HasSubstr("audit"))));
  node.audit = true;
  EXPECT_THAT(ApiServer(node).argv, Contains("--audit-log-path=/state/ci/logs/audit.log"));
  EXPECT_EQ(Json::parse(Content(node, "audit-policy.json"))["rules"].dump(),
            R"([{"level":"Metadata"}])");
}

TEST(ComponentsTest, MakesBootObjectsThatTheApiServerCanRead) {
  std::vector<BootObject> objects = AccessObjects();
  for (const BootObject& object : DnsObjects({})) objects.push_back(object);
  for (const BootObject& object : StorageObjects()) objects.push_back(object);

  for (const BootObject& object : objects) {
    const Json json = Json::parse(object.json);
    ASSERT_TRUE(json.is_object()) << object.json;
    const std::string version = json["apiVersion"];
    EXPECT_EQ(object.path.rfind((version == "v1" ? "/api/" : "/apis/") + version + "/", 0), 0u)
        << object.path;
  }
  const Json role = Json::parse(objects[1].json);
  EXPECT_EQ(role["rules"][0].dump(),
            R"({"apiGroups":[""],"resources":["endpoints","services","pods","namespaces"],)"
            R"("verbs":["list","watch"]})");
  const Json slice = Json::parse(objects[4].json);
  EXPECT_EQ(slice["endpoints"][0]["addresses"].dump(), R"(["10.244.0.1"])");
}

}  // namespace
}  // namespace cluster::native
