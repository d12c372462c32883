#include "vmafx/gpu_plugin/devices.h"

#include <algorithm>

#include "base/text.h"

namespace vmafx::gpu_plugin {

namespace {

template <typename List>
auto FindDevice(List& devices, const std::string& id) {
  return std::find_if(devices.begin(), devices.end(),
                      [&](const Device& device) { return device.id == id; });
}

}  // namespace

Devices::Devices(int count) {
  state_.With([&](State& state) {
    for (int i = 0; i < count; ++i) state.devices.push_back({fmt::format("simulated-{}", i)});
  });
}

Devices::State Devices::Now() const {
  return state_.Read([](const State& state) { return state; });
}

base::Result<Devices::State> Devices::AwaitChange(int64_t seen, const base::Until& until) {
  return state_.When(
      until, [&](const State& state) { return state.revision != seen; },
      [](State& state) { return state; });
}

base::Result<> Devices::SetHealth(const std::string& id, bool healthy) {
  return state_.With([&](State& state) -> base::Result<> {
    const auto device = FindDevice(state.devices, id);
    if (device == state.devices.end()) {
      std::vector<std::string> ids;
      for (const Device& other : state.devices) ids.push_back(other.id);
      return base::Fail(base::Code::kNotFound, "there is no device {}; there are {}", id,
                        base::Join(ids, ", "));
    }
    if (device->healthy == healthy) return base::Ok();
    device->healthy = healthy;
    ++state.revision;
    return base::Ok();
  });
}

bool Devices::Has(const std::string& id) const {
  return state_.Read(
      [&](const State& state) { return FindDevice(state.devices, id) != state.devices.end(); });
}

}  // namespace vmafx::gpu_plugin
