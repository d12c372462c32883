#pragma once

// vmafx/gpu_plugin: simulated GPUs for clusters that have none, so that scheduling by
// `nvidia.com/gpu` and its failures can be tested anywhere. It speaks the kubelet's device plugin
// API (api/deviceplugin/v1beta1) and gives containers names of devices, never devices.

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace vmafx::gpu_plugin {

struct Device {
  std::string id;
  bool healthy = true;
  bool operator==(const Device&) const = default;
};

// The devices of this node and their health. Thread-safe.
class Devices {
 public:
  // simulated-0, simulated-1, ...: all healthy.
  explicit Devices(int count);

  struct State {
    std::vector<Device> devices;
    int64_t revision = 1;  // grows with every change
  };
  State Now() const;

  // Waits until the revision differs from `seen`. kTimeout, kCancelled as Guarded::When.
  base::Result<State> AwaitChange(int64_t seen, const base::Until& until);

  // kNotFound names the devices that there are. Setting what is set already changes nothing.
  base::Result<> SetHealth(const std::string& id, bool healthy);

  bool Has(const std::string& id) const;

 private:
  base::Guarded<State> state_;
};

}  // namespace vmafx::gpu_plugin
