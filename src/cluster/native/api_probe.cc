#include "cluster/native/api_probe.h"

#include "value/json.h"

namespace cluster::native {

namespace {

using std::chrono::milliseconds;

constexpr base::Duration kAgain = milliseconds(10);
constexpr size_t kShown = 300;

bool WorthRetrying(const net::Response& response) {
  // 403, 404 and 422 too: namespaces, roles, admission and the range of Service addresses are set
  // up by the server's own start hooks.
  return response.status == 403 || response.status == 404 || response.status == 422 ||
         response.status == 429 || response.status >= 500;
}

std::string Shown(const base::Result<net::Response>& response) {
  if (!response.ok()) return response.error().message();
  return fmt::format("status {}: {}", response->status, response->body.substr(0, kShown));
}

}  // namespace

ApiProbe::ApiProbe(kube::ClusterAccess access)
    : server_(access.server),
      http_(net::MakeCurlHttp({.identity = access.identity})),
      client_(kube::MakeClient(access, base::Log::Nowhere())) {}

base::Result<net::Response> ApiProbe::Send(const std::string& method, const std::string& path,
                                           const std::string& body, const base::Until& until) {
  net::Request request{method, server_ + path, {}, body};
  if (!body.empty()) request.headers["content-type"] = "application/json";
  return http_->Send(request, until);
}

base::Result<> ApiProbe::AwaitOk(const std::string& path, const base::Until& until) {
  std::string last = "no answer yet";
  do {
    const auto response = Send("GET", path, "", until);
    if (response.ok() && response->status == 200) return base::Ok();
    if (!until.Over()) last = Shown(response);
  } while (until.Pause(kAgain));
  return base::Fail(until.Stopped() ? base::Code::kCancelled : base::Code::kTimeout,
                    "waiting for {} of the API server; last: {}", path, last);
}

base::Result<> ApiProbe::Create(const BootObject& object, const base::Until& until) {
  std::string last = "no answer yet";
  do {
    const auto response = Send("POST", object.path, object.json, until);
    if (response.ok() && (response->status / 100 == 2 || response->status == 409))
      return base::Ok();
    if (!until.Over()) last = Shown(response);
    if (response.ok() && !WorthRetrying(*response))
      return base::Fail(base::Code::kInternal, "creating an object at {}: {}", object.path, last);
  } while (until.Pause(kAgain));
  return base::Fail(until.Stopped() ? base::Code::kCancelled : base::Code::kTimeout,
                    "creating an object at {}; last: {}", object.path, last);
}

base::Result<> ApiProbe::AwaitObject(const kube::Kind& kind, const kube::Key& key,
                                     const std::function<bool(const kube::Object&)>& ready,
                                     const base::Until& until) {
  bool seen = false;
  std::string last = "it does not exist";
  const kube::WatchOptions options{.ns = key.ns, .field_selector = "metadata.name=" + key.name};
  do {
    // Without a resource version the watch starts with what is there.
    const auto watched = client_->Watch(
        kind, options,
        [&](const kube::Change& change) {
          if (change.type != kube::ChangeType::kAdded && change.type != kube::ChangeType::kModified)
            return true;
          last = "it exists, but is not ready";
          seen = ready(*change.object);
          return !seen;
        },
        until);
    if (seen) return base::Ok();
    if (!watched.ok() && !until.Over()) last = watched.error().message();
  } while (until.Pause(kAgain));
  return base::Fail(until.Stopped() ? base::Code::kCancelled : base::Code::kTimeout,
                    "waiting for {} {}; last: {}", kind.kind, key.Text(), last);
}

base::Result<std::string> ApiProbe::Version(const base::Until& until) {
  const net::Response response = TRY(Send("GET", "/version", "", until));
  const value::Json json = value::Json::parse(response.body, nullptr, false);
  return value::FindString(json, {"gitVersion"});
}

}  // namespace cluster::native
