#pragma once

#include <memory>

#include "app/controller_flags.h"
#include "app/vmafx/context.h"
#include "vmafx/client/controller.h"

namespace app {

// What every command that speaks with the controller has.
struct Remote {
  ControllerFlags controller;
  Format format = Format::kText;

  bool json() const { return format == Format::kJson; }
};

// The flags of `remote`.
void AddRemoteFlags(CLI::App& command, Remote& remote);

// kInvalid, kNotFound, ...: a flag or the file that it names.
base::Result<std::unique_ptr<vmafx::client::Controller>> Connect(const Remote& remote);

// Waits for a controller that does not answer for so long, and says so on stderr.
vmafx::client::Controller::FollowOptions Patiently();

}  // namespace app
