// Components of a running cluster that end, are killed or hang, by themselves or by `seatrial
// fault`.

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/native_cluster_fixture.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"

namespace cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class ClusterFaultsTest : public testing::NativeClusterTest {
 protected:
  // What kubectl says once it says `expected`, or after a minute.
  std::string KubectlOnceItSays(const std::string& expected, const Cluster& cluster,
                                const std::vector<std::string>& arguments) {
    const base::Until until = Within(seconds(60));
    std::string said = Kubectl(cluster, arguments);
    while (said != expected && until.Pause(milliseconds(200))) said = Kubectl(cluster, arguments);
    return said;
  }

  // The components of the one cluster once all of them run, or after a minute.
  std::vector<ClusterStatus::Component> ComponentsOnceTheyRun() {
    const base::Until until = Within(seconds(60));
    const auto runs = [](const ClusterStatus::Component& one) { return one.pid > 0; };
    auto components = provider_->List()->at(0).components;
    while (!std::all_of(components.begin(), components.end(), runs) &&
           until.Pause(milliseconds(20)))
      components = provider_->List()->at(0).components;
    return components;
  }
};

TEST_F(ClusterFaultsTest, RestartsAComponentThatEndsAndReportsIt) {
  const Cluster cluster = Up(Spec(Mark() + "-restart", Level::kApi));
  const auto find = [&] {
    const auto list = *provider_->List();
    for (const auto& component : list.at(0).components)
      if (component.name == "relay") return component;
    return ClusterStatus::Component{};
  };
  const pid_t first = find().pid;
  ASSERT_GT(first, 0);

  sys::Command killer;
  killer.argv = {"/bin/bash", "-c", fmt::format("kill -9 {}", first)};
  ASSERT_TRUE(
      sys::RunOrFail(*provider_->Wrap(cluster, Inside::kNode, killer), Within(seconds(60))).ok());
  const base::Until until = Within(seconds(60));
  while ((find().pid == first || find().pid == 0) && until.Pause(milliseconds(10))) {
  }

  EXPECT_EQ(find().restarts, 1);
  EXPECT_EQ(find().last_exit, "killed by signal 9 (Killed)");
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  EXPECT_TRUE(client->Raw("GET", "/readyz", "", Within(seconds(60))).ok());
}

TEST_F(ClusterFaultsTest, RecoversFromComponentsThatAreKilledAndItsPodsRunOn) {
  ClusterSpec spec = Spec(Mark() + "-fault");
  const std::string image = AddBashImage(spec);
  const Cluster cluster = Up(spec);
  ASSERT_GT(cluster.init_pid, 0);
  StartPodWeb(cluster, image);
  const std::vector<std::string> container = {
      "get", "pod", "web",
      "-o=jsonpath={.status.containerStatuses[0]['containerID','restartCount','ready']}"};
  const std::string before = Kubectl(cluster, container);
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());

  for (const char* name : {"kube-apiserver", "etcd", "containerd"}) {
    const auto killed = provider_->Inject(cluster, name, Fault::kKill, Within(seconds(60)));
    ASSERT_TRUE(killed.ok()) << killed.error().message();
    const base::Until until = Within(seconds(60));
    while (!client->Raw("GET", "/readyz", "", until).ok() && until.Pause(milliseconds(20))) {
    }
    Kubectl(cluster, {"wait", "--for=condition=Ready", "node", "--all", "--timeout=60s"});
    // Through the API server, the kubelet and containerd.
    const base::Until again = Within(seconds(60));
    while (!sys::RunOrFail(InNetwork(cluster, {"kubectl", "exec", "web", "--", "/bin/sleep", "0"}),
                           again)
                .ok() &&
           again.Pause(milliseconds(100))) {
    }
    // The kubelet may not have looked at its containers again yet.
    EXPECT_EQ(KubectlOnceItSays(before, cluster, container), before) << "after " << name;
  }
  EXPECT_EQ(Kubectl(cluster, {"logs", "web"}), "hello from web\n");
  for (const auto& component : ComponentsOnceTheyRun()) {
    const bool was_killed =
        component.name == "apiserver" || component.name == "etcd" || component.name == "containerd";
    EXPECT_GE(component.restarts, was_killed ? 1 : 0) << component.name;
    EXPECT_GT(component.pid, 0) << component.name;
  }
}

TEST_F(ClusterFaultsTest, LetsAComponentHangAndGoOn) {
  const Cluster cluster = Up(Spec(Mark() + "-hang", Level::kApi));
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  const auto stopped = [&](const std::string& name) {
    const auto list = *provider_->List();
    for (const auto& component : list.at(0).components)
      if (component.name == name) return component.stopped;
    return false;
  };

  ASSERT_TRUE(provider_->Inject(cluster, "apiserver", Fault::kStop, Within(seconds(60))).ok());
  EXPECT_FALSE(client->Raw("GET", "/version", "", Within(seconds(1))).ok());
  EXPECT_TRUE(stopped("apiserver"));
  ASSERT_TRUE(provider_->Inject(cluster, "apiserver", Fault::kStart, Within(seconds(60))).ok());

  EXPECT_TRUE(client->Raw("GET", "/version", "", Within(seconds(60))).ok());
  EXPECT_FALSE(stopped("apiserver"));
  const auto nobody = provider_->Inject(cluster, "apiservr", Fault::kKill, Within(seconds(60)));
  ASSERT_TRUE(nobody.Is(base::Code::kNotFound));
  EXPECT_THAT(nobody.error().message(), HasSubstr("did you mean \"apiserver\"?"));
  EXPECT_THAT(nobody.error().message(), HasSubstr("it has etcd, apiserver, relay"));
}

}  // namespace
}  // namespace cluster
