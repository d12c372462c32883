#include "vmafx/gpu_plugin/plugin.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include <grpcpp/grpcpp.h>

#include "base/text.h"
#include "deviceplugin/v1beta1/api.grpc.pb.h"
#include "vmafx/gpu_plugin/folder_watch.h"
#include "vmafx/gpu_plugin/service.h"

namespace vmafx::gpu_plugin {

namespace {

namespace api = ::v1beta1;
namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration kRegisterTime = seconds(5);
constexpr base::Duration kFirstRetry = milliseconds(100);
constexpr base::Duration kLongestRetry = seconds(30);
constexpr base::Duration kLasted = seconds(10);  // then the next failure counts as a first one

// Tells a file from another that has its name later.
using Identity = std::tuple<ino_t, time_t, long>;
std::optional<Identity> IdentityOf(const fs::path& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return std::nullopt;
  return Identity(info.st_ino, info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
}

// One call, on a connection of its own: the file of an earlier kubelet may be there still.
Result<> Register(const fs::path& kubelet, const std::string& endpoint, const std::string& resource,
                  const Until& until) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  const auto channel = grpc::CreateCustomChannel("unix:" + kubelet.string(),
                                                 grpc::InsecureChannelCredentials(), arguments);
  const auto stub = api::Registration::NewStub(channel);
  grpc::ClientContext context;
  context.set_wait_for_ready(true);  // the file is there a moment before somebody listens
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::microseconds>(until.Left()));
  std::stop_callback stopped(until.stop(), [&] { context.TryCancel(); });
  api::RegisterRequest request;
  request.set_version("v1beta1");
  request.set_endpoint(endpoint);
  request.set_resource_name(resource);
  request.mutable_options();
  api::Empty answer;
  const grpc::Status status = stub->Register(&context, request, &answer);
  if (status.ok()) return base::Ok();
  return Fail(Code::kUnavailable, "the kubelet at {}: {}", kubelet.string(),
              status.error_message());
}

// The file name of our socket: one a resource.
std::string Endpoint(const std::string& resource) {
  std::string name = "vmafx-" + resource + ".sock";
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

}  // namespace

Result<> CheckResource(const std::string& resource) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
  };
  const size_t slash = resource.find('/');
  const std::string domain = resource.substr(0, slash);
  const std::string name = slash == std::string::npos ? "" : resource.substr(slash + 1);
  if (domain.empty() || name.empty() || domain == "kubernetes.io" || name.size() > 63 ||
      !std::all_of(domain.begin(), domain.end(), allowed) ||
      !std::all_of(name.begin(), name.end(), allowed))
    return Fail(Code::kInvalid, "resource \"{}\": expected DOMAIN/NAME, as in nvidia.com/gpu",
                resource);
  return base::Ok();
}

Plugin::Plugin(PluginOptions options, Devices& devices, base::Clock& clock, const base::Log& log)
    : options_(std::move(options)), devices_(devices), clock_(clock), log_(log) {}

Result<> Plugin::Run(const Until& until) {
  FolderWatch watch = TRY(FolderWatch::Make(options_.folder));
  const fs::path kubelet = options_.folder / "kubelet.sock";
  const std::string endpoint = Endpoint(options_.resource);
  base::Duration retry = kFirstRetry;
  // The watch began before the first look: nothing is missed between the two.
  while (!until.Over()) {
    const auto identity = IdentityOf(kubelet);
    if (!identity) {
      log_.Info("waiting for the kubelet", {{"socket", kubelet.string()}});
      while (!until.Over() && !IdentityOf(kubelet)) (void)watch.Await(until).ok();
      continue;
    }
    auto server = DevicePluginServer::Start(options_.folder / endpoint, options_.resource, devices_,
                                            clock_, log_, [&watch] { watch.Wake(); });
    auto done = server.ok()
                    ? Register(kubelet, endpoint, options_.resource, until.Within(kRegisterTime))
                    : Result<>(server.error());
    if (until.Over()) break;
    const base::Instant begin = clock_.Now();
    if (done.ok()) {
      registered_ = true;
      log_.Info("registered", {{"resource", options_.resource}, {"endpoint", endpoint}});
      const auto lasts = [&] {
        return IdentityOf(kubelet) == identity && IdentityOf(options_.folder / endpoint) &&
               !(*server)->Dropped();
      };
      while (!until.Over() && lasts()) (void)watch.Await(until).ok();
      registered_ = false;
      if (!until.Over()) log_.Info("the kubelet has gone or has dropped us: registering again");
      if (clock_.Now() - begin > kLasted) retry = kFirstRetry;
    } else {
      log_.Warn("not registered", {{"reason", done.error().message()}});
    }
    // At once with a new kubelet; the same one is left in peace for a while. Our own socket's
    // coming and going wakes us too, so that is looked at again.
    const Until pause = until.Within(retry);
    while (!pause.Over() && IdentityOf(kubelet) == identity) (void)watch.Await(pause).ok();
    retry = std::min(2 * retry, kLongestRetry);
  }
  return base::Ok();
}

}  // namespace vmafx::gpu_plugin
