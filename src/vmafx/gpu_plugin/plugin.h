#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "net/http_server.h"
#include "vmafx/gpu_plugin/devices.h"
#include "vmafx/gpu_plugin/folder_watch.h"

namespace vmafx::gpu_plugin {

struct PluginOptions {
  std::string resource = "nvidia.com/gpu";
  std::filesystem::path folder = "/var/lib/kubelet/device-plugins";  // the kubelet's
};

// kInvalid when `resource` is no name of an extended resource: DOMAIN/NAME.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources
base::Result<> CheckResource(const std::string& resource);

// Keeps `devices` known to the node's kubelet. All but Run from any thread.
class Plugin {
 public:
  Plugin(PluginOptions options, Devices& devices, base::Clock& clock, const base::Log& log);

  // Serves and registers, and does so again whenever the kubelet has made its socket anew, has
  // removed ours, or has ended its watch; while there is no kubelet it waits for one. Returns when
  // `until` is over; an error only when the folder cannot be watched.
  base::Result<> Run(const base::Until& until);

  bool registered() const { return registered_; }
  const PluginOptions& options() const { return options_; }

 private:
  // For as long as this kubelet wants us; an error when it did not take the registration.
  base::Result<> Serve(const std::filesystem::path& kubelet, FolderWatch& watch,
                       const base::Until& until);

  const PluginOptions options_;
  Devices& devices_;
  base::Clock& clock_;
  const base::Log& log_;
  std::atomic<bool> registered_{false};
};

// What people and tests ask over HTTP:
//   GET  /healthz, /readyz (200 once registered)
//   GET  /devices                                    JSON
//   POST /health/DEVICE?state=healthy|unhealthy      the kubelet learns of it at once
std::vector<net::Route> ControlRoutes(const Plugin& plugin, Devices& devices);

}  // namespace vmafx::gpu_plugin
