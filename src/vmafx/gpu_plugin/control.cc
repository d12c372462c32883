#include "base/text.h"
#include "value/json.h"
#include "vmafx/gpu_plugin/plugin.h"

namespace vmafx::gpu_plugin {

namespace {

constexpr char kHealthPath[] = "/health/";

net::Answer DeviceList(const Plugin& plugin, const Devices& devices) {
  value::Json list = value::Json::array();
  for (const Device& device : devices.Now().devices)
    list.push_back({{"id", device.id}, {"health", device.healthy ? "Healthy" : "Unhealthy"}});
  const value::Json body = {{"resource", plugin.options().resource},
                            {"registered", plugin.registered()},
                            {"devices", list}};
  return {.body = body.dump() + "\n", .content_type = "application/json"};
}

net::Answer SetHealth(const net::Call& call, Devices& devices) {
  const std::string id = call.path.substr(sizeof kHealthPath - 1);
  const auto state = call.query.find("state");
  const std::string word = state == call.query.end() ? "" : state->second;
  if (word != "healthy" && word != "unhealthy")
    return {400, "say how: POST /health/" + id + "?state=healthy or ?state=unhealthy\n"};
  const auto set = devices.SetHealth(id, word == "healthy");
  if (!set.ok()) return {404, set.error().message() + "\n"};
  return {200, id + " is " + word + "\n"};
}

}  // namespace

std::vector<net::Route> ControlRoutes(const Plugin& plugin, Devices& devices) {
  return {
      {"GET", "/healthz", [](const net::Call&) { return net::Answer{.body = "ok\n"}; }},
      {"GET", "/readyz",
       [&plugin](const net::Call&) {
         return plugin.registered() ? net::Answer{.body = "ok\n"}
                                    : net::Answer{503, "not registered with the kubelet\n"};
       }},
      {"GET", "/devices", [&](const net::Call&) { return DeviceList(plugin, devices); }},
      {"POST", std::string(kHealthPath) + "*",
       [&devices](const net::Call& call) { return SetHealth(call, devices); }},
  };
}

}  // namespace vmafx::gpu_plugin
