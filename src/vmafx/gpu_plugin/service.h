#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "vmafx/gpu_plugin/devices.h"

namespace vmafx::gpu_plugin {

// The plugin's side of the API (service DevicePlugin) on a Unix socket, for one registration: the
// kubelet that it is made for calls ListAndWatch once and keeps that call for as long as it lives.
class DevicePluginServer {
 public:
  // Listens on `socket`, which is made anew. `resource` as registered: for the names of variables.
  // `dropped` is called, on another thread, when the kubelet has ended its ListAndWatch. All must
  // outlive the server. kUnavailable: it cannot listen there.
  static base::Result<std::unique_ptr<DevicePluginServer>> Start(
      const std::filesystem::path& socket, const std::string& resource, Devices& devices,
      base::Clock& clock, const base::Log& log, std::function<void()> dropped);

  // Ends the calls and removes the socket; at most a second.
  ~DevicePluginServer();

  // Whether there was a ListAndWatch and is none now.
  bool Dropped() const;

 private:
  struct State;
  explicit DevicePluginServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::gpu_plugin
