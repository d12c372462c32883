#include "vmafx/gpu_plugin/service.h"

#include <atomic>

#include <grpcpp/grpcpp.h>

#include "base/text.h"
#include "deviceplugin/v1beta1/api.grpc.pb.h"

namespace vmafx::gpu_plugin {

namespace {

namespace api = ::v1beta1;
using base::Code;
using base::Until;
using std::chrono::seconds;

// A client that has gone tells nobody who waits in a handler: it is asked for this often.
constexpr base::Duration kClientCheck = seconds(1);

class Service final : public api::DevicePlugin::Service {
 public:
  Service(std::string resource, Devices& devices, base::Clock& clock, const base::Log& log,
          std::function<void()> dropped)
      : resource_(std::move(resource)),
        devices_(devices),
        clock_(clock),
        log_(log),
        dropped_(std::move(dropped)) {}

  grpc::Status GetDevicePluginOptions(grpc::ServerContext*, const api::Empty*,
                                      api::DevicePluginOptions*) override {
    return grpc::Status::OK;  // neither PreStartContainer nor GetPreferredAllocation
  }

  grpc::Status ListAndWatch(grpc::ServerContext* context, const api::Empty*,
                            grpc::ServerWriter<api::ListAndWatchResponse>* writer) override {
    ++watchers_;
    watched_ = true;
    Devices::State state = devices_.Now();
    bool alive = Send(state, *writer);
    while (alive && !context->IsCancelled() && !stop_.stop_requested()) {
      auto next = devices_.AwaitChange(state.revision,
                                       Until::After(clock_, kClientCheck, stop_.get_token()));
      if (!next.ok()) continue;  // whether the client is there, and whether to stop
      state = std::move(*next);
      alive = Send(state, *writer);
    }
    --watchers_;
    if (!stop_.stop_requested()) dropped_();
    return grpc::Status::OK;
  }

  grpc::Status Allocate(grpc::ServerContext*, const api::AllocateRequest* request,
                        api::AllocateResponse* response) override {
    for (const auto& container : request->container_requests()) {
      const std::vector<std::string> ids(container.devices_ids().begin(),
                                         container.devices_ids().end());
      for (const std::string& id : ids) {
        if (!devices_.Has(id))
          return {grpc::StatusCode::INVALID_ARGUMENT, "there is no device " + id + " here"};
      }
      auto& envs = *response->add_container_responses()->mutable_envs();
      envs["VMAFX_SIMULATED_DEVICES"] = base::Join(ids, ",");
      if (resource_.starts_with("nvidia.com/"))
        envs["NVIDIA_VISIBLE_DEVICES"] = base::Join(ids, ",");
      log_.Info("allocated", {{"devices", base::Join(ids, ",")}});
    }
    return grpc::Status::OK;
  }

  grpc::Status PreStartContainer(grpc::ServerContext*, const api::PreStartContainerRequest*,
                                 api::PreStartContainerResponse*) override {
    return grpc::Status::OK;
  }

  void RequestStop() { stop_.request_stop(); }
  bool Dropped() const { return watched_ && watchers_ == 0; }

 private:
  static bool Send(const Devices::State& state,
                   grpc::ServerWriter<api::ListAndWatchResponse>& writer) {
    api::ListAndWatchResponse response;
    for (const Device& device : state.devices) {
      api::Device* entry = response.add_devices();
      entry->set_id(device.id);
      entry->set_health(device.healthy ? "Healthy" : "Unhealthy");
    }
    return writer.Write(response);
  }

  const std::string resource_;
  Devices& devices_;
  base::Clock& clock_;
  const base::Log& log_;
  const std::function<void()> dropped_;
  std::stop_source stop_;
  std::atomic<int> watchers_{0};
  std::atomic<bool> watched_{false};
};

}  // namespace

struct DevicePluginServer::State {
  State(const std::string& resource, Devices& devices, base::Clock& clock, const base::Log& log,
        std::function<void()> dropped)
      : service(resource, devices, clock, log, std::move(dropped)) {}

  Service service;
  std::unique_ptr<grpc::Server> server;
};

base::Result<std::unique_ptr<DevicePluginServer>> DevicePluginServer::Start(
    const std::filesystem::path& socket, const std::string& resource, Devices& devices,
    base::Clock& clock, const base::Log& log, std::function<void()> dropped) {
  auto state = std::make_unique<State>(resource, devices, clock, log, std::move(dropped));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket.string(), grpc::InsecureServerCredentials());
  builder.RegisterService(&state->service);
  state->server = builder.BuildAndStart();
  if (!state->server)
    return base::Fail(Code::kUnavailable, "{}: cannot listen there", socket.string());
  return std::unique_ptr<DevicePluginServer>(new DevicePluginServer(std::move(state)));
}

DevicePluginServer::DevicePluginServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

DevicePluginServer::~DevicePluginServer() {
  state_->service.RequestStop();
  state_->server->Shutdown(std::chrono::system_clock::now() + seconds(1));
  state_->server->Wait();
}

bool DevicePluginServer::Dropped() const {
  return state_->service.Dropped();
}

}  // namespace vmafx::gpu_plugin
