#include "vmafx/gpu_plugin/plugin.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "base/text.h"
#include "deviceplugin/v1beta1/api.grpc.pb.h"
#include "sys/fd.h"
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

// Whether somebody accepts there: the file of a kubelet that was killed stays.
bool Listens(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path) return false;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return fd.valid() &&
         connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// One call, on a connection of its own.
Result<> Register(const fs::path& kubelet, const std::string& endpoint, const std::string& resource,
                  const Until& until) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel("unix:" + kubelet.string(),
                                                 grpc::InsecureChannelCredentials(), arguments);
  const auto stub = api::Registration::NewStub(channel);
  grpc::ClientContext context;
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
  base::Duration retry = kFirstRetry;
  bool waiting = false;
  // The watch began before the first look: nothing is missed between the two.
  while (!until.Over()) {
    const auto identity = IdentityOf(kubelet);
    if (identity && Listens(kubelet)) {
      waiting = false;
      const base::Instant begin = clock_.Now();
      const auto served = Serve(kubelet, watch, until);
      if (!served.ok() && !until.Over())
        log_.Warn("not registered", {{"reason", served.error().message()}});
      if (clock_.Now() - begin > kLasted) retry = kFirstRetry;
    } else if (!std::exchange(waiting, true)) {
      log_.Info("waiting for the kubelet", {{"socket", kubelet.string()}});
      retry = kFirstRetry;  // its file is there a moment before it listens
    }
    // At once with a new kubelet; the same one is left in peace for a while. Our own socket's
    // coming and going wakes us too, so that is looked at again.
    const Until pause = identity ? until.Within(retry) : until;
    while (!pause.Over() && IdentityOf(kubelet) == identity) (void)watch.Await(pause).ok();
    retry = std::min(2 * retry, kLongestRetry);
  }
  return base::Ok();
}

Result<> Plugin::Serve(const fs::path& kubelet, FolderWatch& watch, const Until& until) {
  const auto identity = IdentityOf(kubelet);
  const std::string endpoint = Endpoint(options_.resource);
  const fs::path socket = options_.folder / endpoint;
  const auto server = TRY(DevicePluginServer::Start(socket, options_.resource, devices_, clock_,
                                                    log_, [&watch] { watch.Wake(); }));
  TRY(Register(kubelet, endpoint, options_.resource, until.Within(kRegisterTime)));
  registered_ = true;
  log_.Info("registered", {{"resource", options_.resource}, {"endpoint", endpoint}});
  const auto lasts = [&] {
    return IdentityOf(kubelet) == identity && IdentityOf(socket) && !server->Dropped();
  };
  while (!until.Over() && lasts()) (void)watch.Await(until).ok();
  registered_ = false;
  if (!until.Over()) log_.Info("the kubelet has gone or has dropped us: registering again");
  return base::Ok();
}

}  // namespace vmafx::gpu_plugin
