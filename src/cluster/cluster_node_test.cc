// Whole clusters from their beginning to their end, started as `seatrial up` does.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/testing/native_cluster_fixture.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::HostState;
using ::testing::IsEmpty;

class ClusterNodeTest : public testing::NativeClusterTest {
 protected:
  // A folder of the real programs, but for one that is this shell script.
  fs::path ProgramsBut(const std::string& name, const std::string& script) {
    const fs::path bin = temp_.path() / "bin";
    EXPECT_TRUE(sys::MakeDirs(bin).ok());
    for (const auto& entry : fs::directory_iterator(bin_))
      fs::create_symlink(entry.path(), bin / entry.path().filename());
    fs::remove(bin / name);
    EXPECT_TRUE(sys::WriteFileAtomically(bin / name, "#!/bin/sh\n" + script, 0755).ok());
    return bin;
  }
};

TEST_F(ClusterNodeTest, ComesUpCompleteAndRunsPodsAndLeavesNothing) {
  const HostState before = Host();
  ClusterSpec spec = Spec(Mark() + "-full");
  const std::string image = AddBashImage(spec);

  const Cluster cluster = Up(spec);
  ASSERT_GT(cluster.init_pid, 0);

  EXPECT_EQ(cluster.kubernetes_version.substr(0, 2), "v1");
  for (const StartRow& row : cluster.start_table)
    EXPECT_TRUE(row.ready.has_value()) << row.component;

  // From the machine, through the relay.
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  const auto node = client->Get({"", "v1", "Node"}, {"", cluster.node_name}, Within(seconds(60)));
  ASSERT_TRUE(node.ok()) << node.error().message();
  EXPECT_EQ(node->Condition("Ready"), "True");
  EXPECT_TRUE(
      client->Get({"", "v1", "ServiceAccount"}, {"default", "default"}, Within(seconds(60))).ok());
  EXPECT_TRUE(
      client->Get({"storage.k8s.io", "v1", "StorageClass"}, {"", "standard"}, Within(seconds(60)))
          .ok());

  // A Pod with a volume; its logs and exec, which go through the kubelet.
  StartPodWeb(cluster, image);
  EXPECT_EQ(Kubectl(cluster, {"logs", "web"}), "hello from web\n");
  EXPECT_EQ(Kubectl(cluster, {"exec", "web", "--", "/usr/local/bin/bash", "-c",
                              "echo > /data/x && echo done"}),
            "done\n");

  // Names of the cluster resolve; others do not exist; nothing leads out.
  const auto lookup = sys::Run(InNetwork(cluster, {"getent", "hosts", "kubernetes.default.svc"}),
                               Within(seconds(60)));
  ASSERT_TRUE(lookup.ok());
  EXPECT_THAT(lookup->output, HasSubstr("10.96.0.1 "));
  const auto outside = sys::Run(InNetwork(cluster, {"bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"}),
                                Within(seconds(30)));
  ASSERT_TRUE(outside.ok()) << outside.error().message();
  EXPECT_FALSE(outside->ok());
  EXPECT_THAT(outside->output, HasSubstr("No route to host"));

  // Inside the node it is PID 1 and sees its own sysctls; the machine keeps its own.
  sys::Command inside;
  inside.argv = {"/bin/bash", "-c", "cat /proc/1/comm /proc/sys/kernel/panic /etc/hostname"};
  inside = *provider_->Wrap(cluster, Inside::kNode, std::move(inside));
  EXPECT_EQ(*sys::RunOrFail(std::move(inside), Within(seconds(60))),
            "seatrial\n10\n" + cluster.node_name + "\n");

  ASSERT_TRUE(provider_->Down(cluster.name, Within(seconds(90))).ok());

  EXPECT_THAT(Processes(), IsEmpty());
  EXPECT_TRUE(before == Host());
  EXPECT_FALSE(fs::exists(State()));
  EXPECT_FALSE(fs::exists("/tmp/hostpath_pv"));
}

TEST_F(ClusterNodeTest, LeavesOnlyEmptyCgroupsAndItsFolderWhenItsInitIsKilled) {
  const HostState before = Host();
  const Cluster cluster = Up(Spec(Mark() + "-kill", Level::kNode));
  ASSERT_GT(cluster.init_pid, 0);

  kill(cluster.init_pid, SIGKILL);
  AwaitNoProcesses();

  HostState after = Host();
  EXPECT_FALSE(after.cgroups.empty());
  after.cgroups.clear();
  EXPECT_TRUE(before == after);
  EXPECT_TRUE(provider_->Find(cluster.name).Is(base::Code::kNotFound));
  ASSERT_EQ(provider_->List()->size(), 1u);
  EXPECT_FALSE(provider_->List()->at(0).running);
  EXPECT_EQ(*provider_->Sweep(Within(seconds(60))), std::vector<std::string>{cluster.name});
  EXPECT_TRUE(before == Host());
  EXPECT_FALSE(fs::exists(State()));
}

TEST_F(ClusterNodeTest, EndsWithASeatrialThatIsKilledDuringUp) {
  const HostState before = Host();
  // It is never complete, however late we are.
  const fs::path bin = ProgramsBut("kube-controller-manager", "exec sleep 1000\n");
  for (const int signal : {SIGKILL, SIGINT}) {
    sys::Command command;
    command.argv = {program_,      "up",    "--name",           Mark() + "-up",
                    "--state-dir", State(), "--kubernetes-bin", bin};
    auto process = *sys::Process::Start(std::move(command));
    const base::Until until = Within(seconds(60));
    const fs::path log = State() / (Mark() + "-up") / "logs" / "apiserver.log";
    while (!fs::exists(log) && until.Pause(milliseconds(5))) {
    }
    ASSERT_TRUE(fs::exists(log));
    ASSERT_FALSE(Processes().empty());

    kill(process.pid(), signal);
    const auto exit = process.Wait(Within(seconds(90)));

    ASSERT_TRUE(exit.ok());
    EXPECT_EQ(exit->status, signal == SIGINT ? 130 : 137);
    AwaitNoProcesses();
    const size_t remains = signal == SIGKILL ? 1 : 0;
    EXPECT_EQ(provider_->Sweep(Within(seconds(60)))->size(), remains);
    EXPECT_TRUE(before == Host());
    EXPECT_FALSE(fs::exists(State()));
  }
}

TEST_F(ClusterNodeTest, EndsWithItsProviderWhenTied) {
  ClusterSpec spec = Spec(Mark() + "-tied", Level::kApi);
  spec.tied = true;
  const Cluster cluster = Up(spec);
  ASSERT_GT(cluster.init_pid, 0);
  EXPECT_TRUE(provider_->Find(cluster.name).ok());

  provider_ = MakeNativeProvider({State(), program_}, clock_);

  AwaitNoProcesses();
  EXPECT_TRUE(provider_->Find(cluster.name).Is(base::Code::kNotFound));
}

TEST_F(ClusterNodeTest, KeepsNoDescriptorOfItsStarterOpen) {
  const fs::path file = temp_.path() / "lock";
  ASSERT_TRUE(sys::WriteFileAtomically(file, "").ok());
  const sys::Fd opened(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  // Without O_CLOEXEC, as a shell's are, and none that the init gets something else at.
  const sys::Fd inherited(fcntl(opened.get(), F_DUPFD, 50));
  ASSERT_TRUE(inherited.valid());

  const Cluster cluster = Up(Spec(Mark() + "-fds", Level::kApi));

  size_t looked_at = 0;
  for (const std::string& process : Processes()) {
    const fs::path folder = fs::path("/proc") / process.substr(0, process.find(' ')) / "fd";
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(folder, gone)) {
      EXPECT_NE(fs::read_symlink(entry.path(), gone), file) << process;
      ++looked_at;
    }
  }
  EXPECT_GT(looked_at, 10u);
}

TEST_F(ClusterNodeTest, StandsBesideAnotherOfTheSameAddresses) {
  const HostState before = Host();
  const Cluster one = Up(Spec(Mark() + "-a", Level::kDns));
  const Cluster two = Up(Spec(Mark() + "-b", Level::kDns));

  for (const Cluster& cluster : {one, two}) {
    const std::string nodes = Kubectl(cluster, {"get", "nodes", "-o", "name"});
    EXPECT_EQ(nodes, "node/" + cluster.node_name + "\n");
  }
  EXPECT_NE(one.api_port, two.api_port);
  ASSERT_TRUE(provider_->Down(one.name, Within(seconds(90))).ok());
  EXPECT_EQ(Kubectl(two, {"get", "nodes", "-o", "name"}), "node/" + two.node_name + "\n");
  ASSERT_TRUE(provider_->Down(two.name, Within(seconds(90))).ok());
  EXPECT_TRUE(before == Host());
}

TEST_F(ClusterNodeTest, RefusesANameThatRunsAndAPortThatIsTaken) {
  const Cluster cluster = Up(Spec(Mark() + "-one", Level::kApi));

  const auto again = provider_->Up(Spec(cluster.name, Level::kApi), {}, Within(seconds(60)));
  ClusterSpec spec = Spec(Mark() + "-two", Level::kApi);
  spec.api_port = cluster.api_port;
  const auto taken = provider_->Up(spec, {}, Within(seconds(60)));

  ASSERT_TRUE(again.Is(base::Code::kExists));
  EXPECT_THAT(again.error().message(), HasSubstr("is up already: `seatrial down --name"));
  ASSERT_TRUE(taken.Is(base::Code::kExists));
  EXPECT_THAT(taken.error().message(),
              HasSubstr(fmt::format("port {} of 127.0.0.1 is in use", cluster.api_port)));
  EXPECT_EQ(provider_->List()->size(), 1u);
}

TEST_F(ClusterNodeTest, SaysWhichComponentFailedAndWhatItWroteLast) {
  ClusterSpec spec = Spec(Mark() + "-fire", Level::kApi);
  spec.kubernetes_bin = ProgramsBut("etcd", "echo the disk is on fire\nexit 7\n");

  const auto up = provider_->Up(spec, {}, Within(seconds(60)));

  ASSERT_FALSE(up.ok());
  EXPECT_THAT(up.error().message(), HasSubstr("etcd: exit status 7, 3 times"));
  EXPECT_THAT(up.error().message(), HasSubstr("the disk is on fire"));
  AwaitNoProcesses();
  EXPECT_FALSE(fs::exists(State()));
}

}  // namespace
}  // namespace cluster
