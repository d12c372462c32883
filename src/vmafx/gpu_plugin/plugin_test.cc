// The plugin against a kubelet's side of the API: real gRPC over real Unix sockets in a temporary
// folder. The kubelet is a test's; a real one is in gpu_plugin_node_test.cc.

#include "vmafx/gpu_plugin/plugin.h"

#include <filesystem>
#include <optional>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "base/text.h"
#include "deviceplugin/v1beta1/api.grpc.pb.h"
#include "sys/files.h"

namespace vmafx::gpu_plugin {
namespace {

namespace api = ::v1beta1;
namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

// As the kubelet does: removes all sockets of its folder, serves Registration, and calls each
// plugin's ListAndWatch.
class FakeKubelet final : public api::Registration::Service {
 public:
  explicit FakeKubelet(const fs::path& folder) : folder_(folder) {
    for (const auto& entry : fs::directory_iterator(folder)) fs::remove(entry.path());
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + (folder / "kubelet.sock").string(),
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  ~FakeKubelet() override {
    server_->Shutdown(std::chrono::system_clock::now());
    crew_.StopAndJoin();
  }

  grpc::Status Register(grpc::ServerContext*, const api::RegisterRequest* request,
                        api::Empty*) override {
    if (request->version() != "v1beta1")
      return {grpc::StatusCode::INVALID_ARGUMENT, "version " + request->version()};
    seen_.With([&](Seen& seen) { seen.requests.push_back(*request); });
    crew_.Start("watch", [this, endpoint = request->endpoint()](std::stop_token stop) {
      Watch(endpoint, stop);
    });
    return grpc::Status::OK;
  }

  // Waits until the plugin's list is `list`: "simulated-0 Healthy" and so on.
  ::testing::AssertionResult Lists(const std::vector<std::string>& list) {
    const auto came = seen_.Await(base::Until::After(clock_, seconds(60)),
                                  [&](const Seen& seen) { return seen.list == list; });
    if (came.ok()) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "the last list is " << seen_.Read([](const Seen& seen) {
      return base::Join(seen.list.value_or(std::vector<std::string>{"none"}), ", ");
    });
  }

  size_t Registrations() {
    return seen_.Read([](const Seen& seen) { return seen.requests.size(); });
  }
  void AwaitRegistrations(size_t count) {
    EXPECT_TRUE(seen_
                    .Await(base::Until::After(clock_, seconds(60)),
                           [&](const Seen& seen) { return seen.requests.size() >= count; })
                    .ok());
  }
  api::RegisterRequest Request() {
    return seen_.Read([](const Seen& seen) { return seen.requests.at(0); });
  }

  // Ends the ListAndWatch, as when the kubelet no longer wants the plugin.
  void DropWatch() {
    seen_.With([](Seen& seen) {
      if (seen.watch) seen.watch->TryCancel();
    });
  }

  std::unique_ptr<api::DevicePlugin::Stub> PluginStub() {
    return api::DevicePlugin::NewStub(Channel(Request().endpoint()));
  }

 private:
  struct Seen {
    std::vector<api::RegisterRequest> requests;
    std::optional<std::vector<std::string>> list;
    grpc::ClientContext* watch = nullptr;
  };

  std::shared_ptr<grpc::Channel> Channel(const std::string& endpoint) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("unix:" + (folder_ / endpoint).string(),
                                     grpc::InsecureChannelCredentials(), arguments);
  }

  void Watch(const std::string& endpoint, const std::stop_token& stop) {
    const auto stub = api::DevicePlugin::NewStub(Channel(endpoint));
    grpc::ClientContext context;
    std::stop_callback stopped(stop, [&] { context.TryCancel(); });
    seen_.With([&](Seen& seen) { seen.watch = &context; });
    const auto reader = stub->ListAndWatch(&context, {});
    api::ListAndWatchResponse response;
    while (reader->Read(&response)) {
      std::vector<std::string> list;
      for (const api::Device& device : response.devices())
        list.push_back(device.id() + " " + device.health());
      seen_.With([&](Seen& seen) { seen.list = list; });
    }
    (void)reader->Finish();
    seen_.With([&](Seen& seen) {
      if (seen.watch == &context) seen.watch = nullptr;
    });
  }

  const fs::path folder_;
  base::SystemClock clock_;
  base::Guarded<Seen> seen_;
  std::unique_ptr<grpc::Server> server_;
  base::Crew crew_;
};

class PluginTest : public testing::Test {
 protected:
  const fs::path& folder() const { return temp_.path(); }

  // Runs the plugin until the end of the test.
  void Start() {
    crew_.Start("plugin", [this](std::stop_token stop) {
      const auto ran = plugin_.Run(base::Until(clock_, base::Instant::max(), stop));
      EXPECT_TRUE(ran.ok()) << ran.error().message();
    });
  }

  // Waits until the plugin knows what the kubelet knows already.
  bool AwaitRegistered() {
    const base::Until until = base::Until::After(clock_, seconds(60));
    while (!plugin_.registered() && until.Pause(std::chrono::milliseconds(1))) {
    }
    return plugin_.registered();
  }

  base::SystemClock clock_;
  sys::TempDir temp_ = *sys::TempDir::Make("gpu");
  base::Log log_ = base::Log::Nowhere();
  Devices devices_{2};
  Plugin plugin_{{.folder = temp_.path()}, devices_, clock_, log_};
  base::Crew crew_;
};

const std::vector<std::string> kAllHealthy = {"simulated-0 Healthy", "simulated-1 Healthy"};

TEST_F(PluginTest, RegistersItsResourceAndListsItsDevices) {
  FakeKubelet kubelet(folder());
  Start();

  ASSERT_TRUE(kubelet.Lists(kAllHealthy));

  EXPECT_EQ(kubelet.Request().resource_name(), "nvidia.com/gpu");
  EXPECT_EQ(kubelet.Request().endpoint(), "vmafx-nvidia.com-gpu.sock");
  EXPECT_FALSE(kubelet.Request().options().pre_start_required());
  EXPECT_TRUE(AwaitRegistered());
}

TEST_F(PluginTest, TellsTheKubeletAtOnceWhenADeviceChangesItsHealth) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));
  ASSERT_TRUE(AwaitRegistered());
  const size_t registrations = kubelet.Registrations();

  ASSERT_TRUE(devices_.SetHealth("simulated-1", false).ok());
  EXPECT_TRUE(kubelet.Lists({"simulated-0 Healthy", "simulated-1 Unhealthy"}));

  ASSERT_TRUE(devices_.SetHealth("simulated-1", true).ok());
  EXPECT_TRUE(kubelet.Lists(kAllHealthy));
  EXPECT_EQ(kubelet.Registrations(), registrations);
}

TEST_F(PluginTest, WaitsForAKubeletThatIsNotThereYet) {
  Start();
  FakeKubelet kubelet(folder());

  EXPECT_TRUE(kubelet.Lists(kAllHealthy));
}

TEST_F(PluginTest, RegistersAgainWithAKubeletThatStartsAnew) {
  std::optional<FakeKubelet> kubelet(std::in_place, folder());
  Start();
  ASSERT_TRUE(kubelet->Lists(kAllHealthy));
  ASSERT_TRUE(devices_.SetHealth("simulated-0", false).ok());

  for (int i = 0; i < 3; ++i) {
    kubelet.reset();
    kubelet.emplace(folder());
    EXPECT_TRUE(kubelet->Lists({"simulated-0 Unhealthy", "simulated-1 Healthy"}));
  }
}

TEST_F(PluginTest, RegistersAgainWhenItsSocketWasRemoved) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));

  fs::remove(folder() / kubelet.Request().endpoint());

  kubelet.AwaitRegistrations(2);
}

TEST_F(PluginTest, RegistersAgainWhenTheKubeletEndsItsWatch) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));

  kubelet.DropWatch();

  kubelet.AwaitRegistrations(2);
}

TEST_F(PluginTest, GivesContainersTheNamesOfTheirDevicesAndNothingElse) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));
  const auto stub = kubelet.PluginStub();
  api::AllocateRequest request;
  request.add_container_requests()->add_devices_ids("simulated-1");
  auto* both = request.add_container_requests();
  both->add_devices_ids("simulated-0");
  both->add_devices_ids("simulated-1");

  grpc::ClientContext context;
  api::AllocateResponse response;
  const grpc::Status status = stub->Allocate(&context, request, &response);

  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.container_responses_size(), 2);
  EXPECT_EQ(response.container_responses(0).envs().at("NVIDIA_VISIBLE_DEVICES"), "simulated-1");
  EXPECT_EQ(response.container_responses(1).envs().at("VMAFX_SIMULATED_DEVICES"),
            "simulated-0,simulated-1");
  EXPECT_EQ(response.container_responses(1).devices_size(), 0);
  EXPECT_EQ(response.container_responses(1).mounts_size(), 0);
}

TEST_F(PluginTest, RefusesToGiveADeviceThatItDoesNotHave) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));
  api::AllocateRequest request;
  request.add_container_requests()->add_devices_ids("simulated-7");

  grpc::ClientContext context;
  api::AllocateResponse response;
  const grpc::Status status = kubelet.PluginStub()->Allocate(&context, request, &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("simulated-7"));
}

TEST_F(PluginTest, EndsSoonWhenAskedToAndTakesItsSocketAway) {
  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));
  const base::Instant begin = clock_.Now();

  crew_.StopAndJoin();

  EXPECT_LT(clock_.Now() - begin, seconds(20));
  EXPECT_FALSE(fs::exists(folder() / kubelet.Request().endpoint()));
}

TEST(PluginFolderTest, SaysWhichFolderIsMissing) {
  base::SystemClock clock;
  Devices devices(1);
  const base::Log log = base::Log::Nowhere();
  Plugin plugin({.folder = "/no/such/folder"}, devices, clock, log);

  const auto ran = plugin.Run(base::Until::After(clock, seconds(5)));

  ASSERT_TRUE(ran.Is(base::Code::kNotFound));
  EXPECT_THAT(ran.error().message(), HasSubstr("/no/such/folder"));
}

TEST(ResourceTest, IsADomainAndAName) {
  for (const char* good : {"nvidia.com/gpu", "gpu.intel.com/i915", "amd.com/gpu"})
    EXPECT_TRUE(CheckResource(good).ok()) << good;
  for (const char* bad : {"", "gpu", "/gpu", "nvidia.com/", "nvidia.com/a/b", "kubernetes.io/gpu",
                          "nvidia.com/g pu", "nvidia.com/\n", "../x/y"})
    EXPECT_TRUE(CheckResource(bad).Is(base::Code::kInvalid)) << bad;
}

class ControlTest : public PluginTest {
 protected:
  net::Answer Ask(const std::string& method, const std::string& path,
                  std::map<std::string, std::string> query = {}) {
    for (const net::Route& route : ControlRoutes(plugin_, devices_)) {
      const bool prefix = route.path.ends_with("/*");
      const std::string stem = prefix ? route.path.substr(0, route.path.size() - 1) : route.path;
      if (route.method == method && (prefix ? path.starts_with(stem) : path == stem))
        return route.handler({.method = method, .path = path, .query = std::move(query)});
    }
    return {404};
  }
};

TEST_F(ControlTest, SetsTheHealthOfADevice) {
  EXPECT_EQ(Ask("POST", "/health/simulated-1", {{"state", "unhealthy"}}).status, 200);

  EXPECT_THAT(devices_.Now().devices,
              ElementsAre(Device{"simulated-0", true}, Device{"simulated-1", false}));
  EXPECT_THAT(Ask("GET", "/devices").body,
              HasSubstr(R"({"health":"Unhealthy","id":"simulated-1"})"));
}

TEST_F(ControlTest, SaysWhatIsWrongWithARequestAndChangesNothing) {
  for (const char* state : {"", "sick", "Healthy", "unhealthy "})
    EXPECT_EQ(Ask("POST", "/health/simulated-0", {{"state", state}}).status, 400) << state;
  for (const char* id : {"", "simulated-2", "../x", "simulated-0/"}) {
    const net::Answer answer = Ask("POST", std::string("/health/") + id, {{"state", "healthy"}});
    EXPECT_EQ(answer.status, 404) << id;
    EXPECT_THAT(answer.body, HasSubstr("there are simulated-0, simulated-1"));
  }

  EXPECT_EQ(devices_.Now().revision, 1);
}

TEST_F(ControlTest, IsReadyOnceRegistered) {
  EXPECT_EQ(Ask("GET", "/readyz").status, 503);

  FakeKubelet kubelet(folder());
  Start();
  ASSERT_TRUE(kubelet.Lists(kAllHealthy));
  ASSERT_TRUE(AwaitRegistered());

  EXPECT_EQ(Ask("GET", "/readyz").status, 200);
}

}  // namespace
}  // namespace vmafx::gpu_plugin
