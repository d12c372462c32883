// Whole clusters, started as `seatrial up` does. Needs root, the Kubernetes programs, and the
// programs seatrial and pause in SEATRIAL_PROGRAM_DIR.

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "cluster/images/assemble.h"
#include "cluster/native/cgroups.h"
#include "cluster/provider.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"
#include "kube/testing/api_server.h"
#include "sys/files.h"
#include "sys/mounts.h"
#include "sys/process.h"

namespace cluster {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What a cluster could leave behind on this machine.
struct HostState {
  std::set<std::string> mounts;
  std::string links, addresses, routes, rules, firewall, sysctls;
  std::set<std::string> cgroups;
  bool operator==(const HostState&) const = default;
};

class ClusterNodeTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* programs = std::getenv("SEATRIAL_PROGRAM_DIR");
    ASSERT_NE(programs, nullptr) << "SEATRIAL_PROGRAM_DIR names the folder of seatrial";
    program_ = fs::path(programs) / "seatrial";
    ASSERT_TRUE(fs::exists(program_)) << program_ << " is not built";
    auto bin = kube::testing::KubernetesPrograms(Within(seconds(30)));
    ASSERT_TRUE(bin.ok()) << bin.error().message();
    bin_ = *bin;
    provider_ = MakeNativeProvider({State(), program_}, clock_);
  }

  void TearDown() override {
    if (provider_ == nullptr) return;
    const auto list = provider_->List();
    ASSERT_TRUE(list.ok());
    for (const ClusterStatus& status : *list)
      EXPECT_TRUE(provider_->Down(status.cluster.name, Within(seconds(30))).ok());
  }

  base::Until Within(base::Duration span) { return base::Until::After(clock_, span); }
  fs::path State() const { return temp_.path() / "state"; }

  ClusterSpec Spec(const std::string& name, Level level = Level::kFull) {
    ClusterSpec spec;
    spec.name = name;
    spec.level = level;
    spec.kubernetes_bin = bin_;
    return spec;
  }

  Cluster Up(const ClusterSpec& spec) {
    auto cluster = provider_->Up(spec, {}, Within(seconds(120)));
    EXPECT_TRUE(cluster.ok()) << cluster.error().message();
    return cluster.ok() ? *cluster : Cluster{};
  }

  sys::Command InNetwork(const Cluster& cluster, std::vector<std::string> argv) {
    sys::Command command;
    command.argv = std::move(argv);
    auto wrapped = provider_->Wrap(cluster, Inside::kNetwork, std::move(command));
    EXPECT_TRUE(wrapped.ok()) << wrapped.error().message();
    if (!wrapped.ok()) return {.argv = {"/bin/false"}};
    wrapped->environment = sys::Environment();
    (*wrapped->environment)["KUBECONFIG"] = cluster.inside_kubeconfig;
    (*wrapped->environment)["PATH"] = cluster.kubernetes_bin.string() + ":" + kPath;
    return *wrapped;
  }

  std::string Kubectl(const Cluster& cluster, std::vector<std::string> arguments,
                      const std::string& input = "") {
    arguments.insert(arguments.begin(), "kubectl");
    sys::Command command = InNetwork(cluster, std::move(arguments));
    command.input = input;
    const auto output = sys::RunOrFail(std::move(command), Within(seconds(60)));
    EXPECT_TRUE(output.ok()) << output.error().message();
    return output.ok() ? *output : "";
  }

  std::string Output(std::vector<std::string> argv) {
    const auto output = sys::RunOrFail({.argv = std::move(argv)}, Within(seconds(20)));
    EXPECT_TRUE(output.ok()) << output.error().message();
    return output.ok() ? *output : "";
  }

  HostState Host() {
    HostState state;
    const auto mounts = sys::ReadMounts();
    EXPECT_TRUE(mounts.ok());
    for (const sys::MountEntry& mount : *mounts)
      state.mounts.insert(mount.point + " " + mount.type);
    state.links = Output({"ip", "-o", "link"});
    state.addresses = Output({"ip", "-o", "-4", "address"});
    state.routes = Output({"ip", "route", "show", "table", "all"});
    state.rules = Output({"ip", "rule"});
    for (const std::string& line : base::Split(Output({"iptables-save"}), '\n'))
      if (line.rfind('#', 0) != 0) state.firewall += line.substr(0, line.find('[')) + "\n";
    for (const char* file :
         {"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
          "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "net/ipv4/ip_forward",
          "net/ipv4/conf/all/route_localnet", "net/bridge/bridge-nf-call-iptables"})
      state.sysctls += sys::ReadFile(fs::path("/proc/sys") / file).ValueOr("none");
    for (const auto& hierarchy : native::Hierarchies(*mounts))
      for (const auto& entry : fs::directory_iterator(hierarchy.root))
        if (entry.path().filename().string().rfind("seatrial-" + Mark(), 0) == 0)
          state.cgroups.insert(entry.path());
    return state;
  }

  // Begins the names of this test's clusters: others may run on this machine.
  static std::string Mark() { return fmt::format("t{}", getpid()); }

  // Processes of this machine that have our state folder in their command lines.
  std::vector<std::string> Processes() {
    std::vector<std::string> found;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator("/proc", gone)) {
      const auto words = sys::ReadFile(entry.path() / "cmdline");
      if (words.ok() && words->find(State().string()) != std::string::npos)
        found.push_back(entry.path().filename().string() + " " + words->c_str());
    }
    return found;
  }

  void AwaitNoProcesses() {
    const base::Until until = Within(seconds(10));
    while ((!Processes().empty() || Locked()) && until.Pause(milliseconds(5))) {
    }
    EXPECT_THAT(Processes(), testing::IsEmpty());
    EXPECT_FALSE(Locked());
  }

  // A process that ends loses its command line a moment before its lock.
  bool Locked() {
    const auto clusters = *provider_->List();
    return std::any_of(clusters.begin(), clusters.end(),
                       [](const ClusterStatus& status) { return status.running; });
  }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-node-test");
  fs::path program_;
  fs::path bin_;
  std::unique_ptr<Provider> provider_;
};

constexpr char kPod[] = R"(apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: app
    image: IMAGE
    imagePullPolicy: Never
    command: ["/usr/local/bin/bash", "-c", "echo hello from $HOSTNAME; exec /bin/sleep 1000"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
)";

TEST_F(ClusterNodeTest, ComesUpCompleteAndRunsPodsAndLeavesNothing) {
  const HostState before = Host();
  ClusterSpec spec = Spec(Mark() + "-full");
  images::ImageSpec image;
  image.repository = "localhost/bash";
  image.program = "bash";
  image.files = {{"/bin/sleep", "bin/sleep", 0755}};
  const auto made = images::Assemble(image, {"/bin"}, Within(seconds(20)));
  ASSERT_TRUE(made.ok()) << made.error().message();
  spec.images = {temp_.path() / "bash.tar"};
  ASSERT_TRUE(sys::WriteFileAtomically(spec.images[0], made->archive).ok());

  const Cluster cluster = Up(spec);
  ASSERT_GT(cluster.init_pid, 0);

  EXPECT_EQ(cluster.kubernetes_version.substr(0, 2), "v1");
  for (const StartRow& row : cluster.start_table)
    EXPECT_TRUE(row.ready.has_value()) << row.component;

  // From the machine, through the relay.
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  const auto node = client->Get({"", "v1", "Node"}, {"", cluster.node_name}, Within(seconds(10)));
  ASSERT_TRUE(node.ok()) << node.error().message();
  EXPECT_EQ(node->Condition("Ready"), "True");
  EXPECT_TRUE(
      client->Get({"", "v1", "ServiceAccount"}, {"default", "default"}, Within(seconds(10))).ok());
  EXPECT_TRUE(
      client->Get({"storage.k8s.io", "v1", "StorageClass"}, {"", "standard"}, Within(seconds(10)))
          .ok());

  // A Pod with a volume; its logs and exec, which go through the kubelet.
  std::string pod = kPod;
  pod.replace(pod.find("IMAGE"), 5, made->name);
  Kubectl(cluster, {"apply", "-f", "-"}, pod);
  Kubectl(cluster, {"wait", "--for=condition=Ready", "pod/web", "--timeout=30s"});
  EXPECT_EQ(Kubectl(cluster, {"logs", "web"}), "hello from web\n");
  EXPECT_EQ(Kubectl(cluster, {"exec", "web", "--", "/usr/local/bin/bash", "-c",
                              "echo > /data/x && echo done"}),
            "done\n");

  // Names of the cluster resolve; others do not exist; nothing leads out.
  const auto lookup = sys::Run(InNetwork(cluster, {"getent", "hosts", "kubernetes.default.svc"}),
                               Within(seconds(10)));
  ASSERT_TRUE(lookup.ok());
  EXPECT_THAT(lookup->output, HasSubstr("10.96.0.1 "));
  const auto outside = sys::Run(InNetwork(cluster, {"bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"}),
                                Within(seconds(5)));
  ASSERT_TRUE(outside.ok()) << outside.error().message();
  EXPECT_FALSE(outside->ok());
  EXPECT_THAT(outside->output, HasSubstr("No route to host"));

  // Inside the node it is PID 1 and sees its own sysctls; the machine keeps its own.
  sys::Command inside;
  inside.argv = {"/bin/bash", "-c", "cat /proc/1/comm /proc/sys/kernel/panic /etc/hostname"};
  inside = *provider_->Wrap(cluster, Inside::kNode, std::move(inside));
  EXPECT_EQ(*sys::RunOrFail(std::move(inside), Within(seconds(10))),
            "seatrial\n10\n" + cluster.node_name + "\n");

  ASSERT_TRUE(provider_->Down(cluster.name, Within(seconds(30))).ok());

  EXPECT_THAT(Processes(), testing::IsEmpty());
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
  EXPECT_EQ(*provider_->Sweep(Within(seconds(20))), std::vector<std::string>{cluster.name});
  EXPECT_TRUE(before == Host());
  EXPECT_FALSE(fs::exists(State()));
}

TEST_F(ClusterNodeTest, EndsWithASeatrialThatIsKilledDuringUp) {
  const HostState before = Host();
  for (const int signal : {SIGKILL, SIGINT}) {
    sys::Command command;
    command.argv = {program_,      "up",    "--name",           Mark() + "-up",
                    "--state-dir", State(), "--kubernetes-bin", bin_};
    auto process = *sys::Process::Start(std::move(command));
    const base::Until until = Within(seconds(60));
    const fs::path log = State() / (Mark() + "-up") / "logs" / "apiserver.log";
    while (!fs::exists(log) && until.Pause(milliseconds(5))) {
    }
    ASSERT_TRUE(fs::exists(log));
    ASSERT_FALSE(Processes().empty());

    kill(process.pid(), signal);
    const auto exit = process.Wait(Within(seconds(30)));

    ASSERT_TRUE(exit.ok());
    EXPECT_EQ(exit->status, signal == SIGINT ? 130 : 137);
    AwaitNoProcesses();
    const size_t remains = signal == SIGKILL ? 1 : 0;
    EXPECT_EQ(provider_->Sweep(Within(seconds(20)))->size(), remains);
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
  ASSERT_TRUE(provider_->Down(one.name, Within(seconds(30))).ok());
  EXPECT_EQ(Kubectl(two, {"get", "nodes", "-o", "name"}), "node/" + two.node_name + "\n");
  ASSERT_TRUE(provider_->Down(two.name, Within(seconds(30))).ok());
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

TEST_F(ClusterNodeTest, RestartsAComponentThatEndsAndReportsIt) {
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
      sys::RunOrFail(*provider_->Wrap(cluster, Inside::kNode, killer), Within(seconds(10))).ok());
  const base::Until until = Within(seconds(20));
  while ((find().pid == first || find().pid == 0) && until.Pause(milliseconds(10))) {
  }

  EXPECT_EQ(find().restarts, 1);
  EXPECT_EQ(find().last_exit, "killed by signal 9 (Killed)");
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  EXPECT_TRUE(client->Raw("GET", "/readyz", "", Within(seconds(20))).ok());
}

TEST_F(ClusterNodeTest, RecoversFromComponentsThatAreKilledAndItsPodsRunOn) {
  ClusterSpec spec = Spec(Mark() + "-fault");
  images::ImageSpec image;
  image.repository = "localhost/bash";
  image.program = "bash";
  image.files = {{"/bin/sleep", "bin/sleep", 0755}};
  const auto made = images::Assemble(image, {"/bin"}, Within(seconds(20)));
  ASSERT_TRUE(made.ok()) << made.error().message();
  spec.images = {temp_.path() / "bash.tar"};
  ASSERT_TRUE(sys::WriteFileAtomically(spec.images[0], made->archive).ok());
  const Cluster cluster = Up(spec);
  ASSERT_GT(cluster.init_pid, 0);
  std::string pod = kPod;
  pod.replace(pod.find("IMAGE"), 5, made->name);
  Kubectl(cluster, {"apply", "-f", "-"}, pod);
  Kubectl(cluster, {"wait", "--for=condition=Ready", "pod/web", "--timeout=30s"});
  const std::vector<std::string> container = {
      "get", "pod", "web",
      "-o=jsonpath={.status.containerStatuses[0]['containerID','restartCount','ready']}"};
  const std::string before = Kubectl(cluster, container);
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());

  for (const char* name : {"kube-apiserver", "etcd", "containerd"}) {
    const auto killed = provider_->Inject(cluster, name, Fault::kKill, Within(seconds(20)));
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
    EXPECT_EQ(Kubectl(cluster, container), before) << "after " << name;
  }
  EXPECT_EQ(Kubectl(cluster, {"logs", "web"}), "hello from web\n");
  for (const auto& component : provider_->List()->at(0).components) {
    const bool was_killed =
        component.name == "apiserver" || component.name == "etcd" || component.name == "containerd";
    EXPECT_GE(component.restarts, was_killed ? 1 : 0) << component.name;
    EXPECT_GT(component.pid, 0) << component.name;
  }
}

TEST_F(ClusterNodeTest, LetsAComponentHangAndGoOn) {
  const Cluster cluster = Up(Spec(Mark() + "-hang", Level::kApi));
  auto client = kube::MakeClient(*kube::LoadKubeconfig(cluster.kubeconfig), base::Log::Nowhere());
  const auto stopped = [&](const std::string& name) {
    for (const auto& component : provider_->List()->at(0).components)
      if (component.name == name) return component.stopped;
    return false;
  };

  ASSERT_TRUE(provider_->Inject(cluster, "apiserver", Fault::kStop, Within(seconds(10))).ok());
  EXPECT_FALSE(client->Raw("GET", "/version", "", Within(seconds(1))).ok());
  EXPECT_TRUE(stopped("apiserver"));
  ASSERT_TRUE(provider_->Inject(cluster, "apiserver", Fault::kStart, Within(seconds(10))).ok());

  EXPECT_TRUE(client->Raw("GET", "/version", "", Within(seconds(20))).ok());
  EXPECT_FALSE(stopped("apiserver"));
  const auto nobody = provider_->Inject(cluster, "apiservr", Fault::kKill, Within(seconds(10)));
  ASSERT_TRUE(nobody.Is(base::Code::kNotFound));
  EXPECT_THAT(nobody.error().message(), HasSubstr("did you mean \"apiserver\"?"));
  EXPECT_THAT(nobody.error().message(), HasSubstr("it has etcd, apiserver, relay"));
}

TEST_F(ClusterNodeTest, SaysWhichComponentFailedAndWhatItWroteLast) {
  // An etcd that ends at once, among real programs.
  const fs::path bin = temp_.path() / "bin";
  ASSERT_TRUE(sys::MakeDirs(bin).ok());
  for (const auto& entry : fs::directory_iterator(bin_))
    fs::create_symlink(entry.path(), bin / entry.path().filename());
  fs::remove(bin / "etcd");
  ASSERT_TRUE(
      sys::WriteFileAtomically(bin / "etcd", "#!/bin/sh\necho the disk is on fire\nexit 7\n", 0755)
          .ok());
  ClusterSpec spec = Spec(Mark() + "-fire", Level::kApi);
  spec.kubernetes_bin = bin;

  const auto up = provider_->Up(spec, {}, Within(seconds(60)));

  ASSERT_FALSE(up.ok());
  EXPECT_THAT(up.error().message(), HasSubstr("etcd: exit status 7, 3 times"));
  EXPECT_THAT(up.error().message(), HasSubstr("the disk is on fire"));
  AwaitNoProcesses();
  EXPECT_FALSE(fs::exists(State()));
}

}  // namespace
}  // namespace cluster
