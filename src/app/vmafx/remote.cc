#include "app/vmafx/remote.h"

#include <cstdlib>

namespace app {

void AddRemoteFlags(CLI::App& command, Remote& remote) {
  AddFormat(command, remote.format);
  AddControllerFlags(command, remote.controller);
}

base::Result<std::unique_ptr<vmafx::client::Controller>> Connect(const Remote& remote) {
  TRY(CheckControllerFlags(remote.controller, std::getenv("VMAFX_CONTROLLER_TOKEN")));
  return vmafx::client::Controller::Make(remote.controller.channel, remote.controller.call_timeout);
}

vmafx::client::Controller::FollowOptions Patiently() {
  return {.on_trouble = [said = false](const base::Error& error) mutable {
    if (!std::exchange(said, true)) {
      fmt::print(stderr, "waiting for the controller: {}\n", error.message());
    }
  }};
}

}  // namespace app
