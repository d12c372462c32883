#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "base/log.h"
#include "vmafx/api/channel.h"
#include "vmafx/operator/operator.h"

// What the command line and the environment say.
struct Flags {
  vmafx::operators::OperatorOptions options;
  vmafx::api::ChannelOptions controller{.address = "vmafx-controller:9090"};
  std::string kubeconfig;
  std::string context;
  std::string ns = "vmafx-system";
  std::string lease = "vmafx-operator.vmafx.dev";
  base::Duration grace = std::chrono::seconds(30);  // to stop after SIGTERM
  int webhook_port = 0;                             // 0: no webhook
  std::string webhook_host;
  std::string webhook_service = "vmafx-operator-webhook";
  std::string webhook_secret = "vmafx-operator-webhook";
  base::Level level = base::Level::kInfo;
};

void AddFlags(CLI::App& cli, Flags& flags);

// Fills in what follows from the flags, after they were read; reads the controller's CA file for
// the workers. An error names the file.
base::Result<> Settle(Flags& flags);
