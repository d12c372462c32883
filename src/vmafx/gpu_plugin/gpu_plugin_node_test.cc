// The plugin on a real node, installed as users install it (deploy/gpu-plugin/install.sh). Needs
// root, the Kubernetes programs, and seatrial, pause and vmafx-gpu-plugin in SEATRIAL_PROGRAM_DIR.

#include <unistd.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"
#include "sys/process.h"
#include "sys/testing/places.h"

namespace vmafx::gpu_plugin {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr char kImages[] = R"(apiVersion: seatrial.dev/v1
kind: ImageList
images:
  - {repository: localhost/test/vmafx-gpu-plugin, program: vmafx-gpu-plugin, user: 0}
)";

// One device; it holds it until it is deleted.
constexpr char kHolder[] = R"(apiVersion: v1
kind: Pod
metadata: {name: holder}
spec:
  containers:
    - name: holder
      image: "@IMAGE@"
      imagePullPolicy: Never
      args: [--folder, /tmp]
      resources: {limits: {nvidia.com/gpu: 1}}
)";

class GpuPluginNodeTest : public testing::Test {
 protected:
  void SetUp() override {
    environment_ = sys::Environment();
    ASSERT_TRUE(sys::WriteFileAtomically(temp_.path() / "images.yaml", kImages).ok());
    Seatrial({"image", "assemble", temp_.path() / "images.yaml", "--programs", programs_, "--out",
              temp_.path() / "images"});
    Seatrial({"up", "--name", name_, "--state-dir", State()});
    Seatrial({"load", temp_.path() / "images", "--name", name_, "--state-dir", State()});
    ASSERT_FALSE(HasFailure());
    environment_["KUBECONFIG"] =
        base::Trim(Seatrial({"kubeconfig", "--path", "--name", name_, "--state-dir", State()}));
    const std::string variables = Seatrial({"image", "env", temp_.path() / "images"});
    for (const std::string& line : base::Split(variables, '\n')) {
      const size_t equals = line.find('=');
      if (line.starts_with("export ") && equals != std::string::npos)
        environment_[line.substr(7, equals - 7)] = line.substr(equals + 1);
    }
  }

  void TearDown() override { Seatrial({"down", "--name", name_, "--state-dir", State()}); }

  fs::path State() const { return temp_.path() / "state"; }

  std::string Run(std::vector<std::string> argv, const std::string& input = "") {
    sys::Command command{.argv = std::move(argv), .input = input};
    command.environment = environment_;
    const auto output =
        sys::RunOrFail(std::move(command), base::Until::After(clock_, seconds(180)));
    EXPECT_TRUE(output.ok()) << output.error().message();
    return output.ok() ? *output : "";
  }

  std::string Seatrial(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), programs_ / "seatrial");
    return Run(std::move(arguments));
  }

  // With the kubectl of the cluster, in whose network nothing of this needs to be.
  std::string Kubectl(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {programs_ / "seatrial", "shell", "--name", name_,
                                         "--state-dir", State(), "--", "kubectl"});
    return Run(std::move(arguments), input);
  }

  void AwaitDevices(const std::string& field, int count) {
    Kubectl({"wait", "nodes", "--all", "--timeout=120s",
             fmt::format("--for=jsonpath={{.status.{}.nvidia\\.com/gpu}}={}", field, count)});
  }

  void SetHealth(const std::string& device, const std::string& state) {
    const std::string pod = Kubectl({"get", "pods", "--namespace=vmafx-gpu-plugin",
                                     "--output=jsonpath={.items[0].metadata.name}"});
    const std::string path =
        fmt::format("/api/v1/namespaces/vmafx-gpu-plugin/pods/{}:8080/proxy/health/{}?state={}",
                    pod, device, state);
    EXPECT_THAT(Kubectl({"create", "--raw", path, "--filename=-"}), HasSubstr("is " + state));
  }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("seatrial-gpu-test");
  std::string name_ = fmt::format("t{}-gpu", getpid());
  const fs::path programs_ = sys::testing::ProgramFolder();
  const fs::path source_ = sys::testing::SourceFolder();
  std::map<std::string, std::string> environment_;
};

TEST_F(GpuPluginNodeTest, GivesTheNodeDevicesThatFallIllAndComeBackAfterTheKubelet) {
  environment_["PATH"] =
      std::string(base::Trim(Run({source_ / "tools/kubernetes/build", "--path"}))) + ":" +
      environment_["PATH"];
  environment_["GPU_MODE"] = "fake";
  const std::string installed = Run({"sh", source_ / "deploy/gpu-plugin/install.sh"});

  EXPECT_THAT(installed, HasSubstr("2 simulated devices a node"));
  AwaitDevices("capacity", 2);

  std::string holder = kHolder;
  holder.replace(holder.find("@IMAGE@"), 7, environment_["SEATRIAL_IMAGE_VMAFX_GPU_PLUGIN"]);
  Kubectl({"create", "--filename=-"}, holder);
  Kubectl({"wait", "pod/holder", "--for=condition=Ready", "--timeout=120s"});

  SetHealth("simulated-1", "unhealthy");
  AwaitDevices("allocatable", 1);
  AwaitDevices("capacity", 2);

  Seatrial({"fault", "kill", "kubelet", "--name", name_, "--state-dir", State()});
  // A kubelet that has started anew knows the resource from its checkpoint, without any healthy
  // device, until the plugin has registered again.
  SetHealth("simulated-1", "healthy");
  AwaitDevices("allocatable", 2);
  EXPECT_EQ(Kubectl({"get", "pod", "holder", "--output=jsonpath={.status.phase}"}), "Running");

  // Safe to repeat.
  EXPECT_THAT(Run({"sh", source_ / "deploy/gpu-plugin/install.sh"}),
              HasSubstr("2 simulated devices a node"));
}

}  // namespace
}  // namespace vmafx::gpu_plugin
