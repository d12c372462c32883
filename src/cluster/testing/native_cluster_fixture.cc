#include "cluster/testing/native_cluster_fixture.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cluster/images/assemble.h"
#include "cluster/native/cgroups.h"
#include "kube/testing/api_server.h"
#include "sys/mounts.h"
#include "sys/testing/places.h"

namespace cluster::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kPath[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

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

}  // namespace

void NativeClusterTest::SetUp() {
  program_ = sys::testing::Program("seatrial");
  ASSERT_TRUE(fs::exists(program_)) << program_ << " is not built";
  auto bin = kube::testing::KubernetesPrograms(Within(seconds(60)));
  ASSERT_TRUE(bin.ok()) << bin.error().message();
  bin_ = *bin;
  provider_ = MakeNativeProvider({State(), program_}, clock_);
}

void NativeClusterTest::TearDown() {
  if (provider_ == nullptr) return;
  const auto list = provider_->List();
  ASSERT_TRUE(list.ok());
  for (const ClusterStatus& status : *list)
    EXPECT_TRUE(provider_->Down(status.cluster.name, Within(seconds(90))).ok());
}

ClusterSpec NativeClusterTest::Spec(const std::string& name, Level level) {
  ClusterSpec spec;
  spec.name = name;
  spec.level = level;
  spec.kubernetes_bin = bin_;
  return spec;
}

Cluster NativeClusterTest::Up(const ClusterSpec& spec) {
  auto cluster = provider_->Up(spec, {}, Within(seconds(120)));
  EXPECT_TRUE(cluster.ok()) << cluster.error().message();
  return cluster.ok() ? *cluster : Cluster{};
}

sys::Command NativeClusterTest::InNetwork(const Cluster& cluster, std::vector<std::string> argv) {
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

std::string NativeClusterTest::Kubectl(const Cluster& cluster, std::vector<std::string> arguments,
                                       const std::string& input) {
  arguments.insert(arguments.begin(), "kubectl");
  sys::Command command = InNetwork(cluster, std::move(arguments));
  command.input = input;
  const auto output = sys::RunOrFail(std::move(command), Within(seconds(150)));
  EXPECT_TRUE(output.ok()) << output.error().message();
  return output.ok() ? *output : "";
}

std::string NativeClusterTest::Output(std::vector<std::string> argv) {
  const auto output = sys::RunOrFail({.argv = std::move(argv)}, Within(seconds(60)));
  EXPECT_TRUE(output.ok()) << output.error().message();
  return output.ok() ? *output : "";
}

HostState NativeClusterTest::Host() {
  HostState state;
  const auto mounts = sys::ReadMounts();
  if (!mounts.ok()) ADD_FAILURE() << mounts.error().message();
  if (!mounts.ok()) return state;
  for (const sys::MountEntry& mount : *mounts) state.mounts.insert(mount.point + " " + mount.type);
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

std::vector<std::string> NativeClusterTest::Processes() {
  std::vector<std::string> found;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc", gone)) {
    const auto words = sys::ReadFile(entry.path() / "cmdline");
    if (words.ok() && words->find(State().string()) != std::string::npos)
      found.push_back(entry.path().filename().string() + " " + words->c_str());
  }
  return found;
}

void NativeClusterTest::AwaitNoProcesses() {
  const base::Until until = Within(seconds(60));
  while ((!Processes().empty() || Locked()) && until.Pause(milliseconds(5))) {
  }
  EXPECT_EQ(Processes(), std::vector<std::string>{});
  EXPECT_FALSE(Locked());
}

bool NativeClusterTest::Locked() {
  const auto clusters = *provider_->List();
  return std::any_of(clusters.begin(), clusters.end(),
                     [](const ClusterStatus& status) { return status.running; });
}

std::string NativeClusterTest::AddBashImage(ClusterSpec& spec) {
  images::ImageSpec image;
  image.repository = "localhost/bash";
  image.program = "bash";
  image.files = {{"/bin/sleep", "bin/sleep", 0755}};
  const auto made = images::Assemble(image, {"/bin"}, Within(seconds(60)));
  EXPECT_TRUE(made.ok()) << made.error().message();
  if (!made.ok()) return "";
  spec.images.push_back(temp_.path() / "bash.tar");
  EXPECT_TRUE(sys::WriteFileAtomically(spec.images.back(), made->archive).ok());
  return made->name;
}

void NativeClusterTest::StartPodWeb(const Cluster& cluster, const std::string& image) {
  std::string pod = kPod;
  pod.replace(pod.find("IMAGE"), 5, image);
  Kubectl(cluster, {"apply", "-f", "-"}, pod);
  Kubectl(cluster, {"wait", "--for=condition=Ready", "pod/web", "--timeout=120s"});
}

}  // namespace cluster::testing
