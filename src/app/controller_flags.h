#pragma once

// How a program reaches the controller, by flags and the variables behind them.

#include <string>

#include "app/platform_flags.h"
#include "vmafx/api/channel.h"
#include "vmafx/api/names.h"

namespace app {

struct ControllerFlags {
  vmafx::api::ChannelOptions channel{.address = "127.0.0.1:9090"};
  base::Duration call_timeout = std::chrono::seconds(10);
};

inline void AddControllerFlags(CLI::App& cli, ControllerFlags& flags) {
  vmafx::api::ChannelOptions& channel = flags.channel;
  const auto variable = [](std::string_view name) { return std::string(name); };
  cli.add_option("--controller", channel.address, "the controller's gRPC address")
      ->envname(variable(vmafx::api::kControllerAddrEnv))
      ->capture_default_str();
  cli.add_option("--token-file", channel.token_file,
                 "file with the token to show the controller; read again when it changed")
      ->envname(variable(vmafx::api::kControllerTokenFileEnv));
  cli.add_flag("--tls", channel.tls, "speak TLS with the controller")
      ->envname(variable(vmafx::api::kControllerTlsEnv));
  cli.add_option("--ca-file", channel.ca_file,
                 "PEM of who signed the controller's certificate (default: the system's)")
      ->envname(variable(vmafx::api::kControllerCaFileEnv));
  cli.add_option("--server-name", channel.server_name,
                 "expected in the controller's certificate (default: the address's host)")
      ->envname("VMAFX_CONTROLLER_SERVER_NAME");
  AddDuration(cli, "--rpc-timeout", "VMAFX_RPC_TIMEOUT", flags.call_timeout,
              "of one call to the controller");
}

// kInvalid names the flag that is wrong. `token_variable` is the value of VMAFX_CONTROLLER_TOKEN or
// null: a token in the environment is seen by too many.
inline base::Result<> CheckControllerFlags(const ControllerFlags& flags,
                                           const char* token_variable) {
  const vmafx::api::ChannelOptions& channel = flags.channel;
  if (token_variable != nullptr && *token_variable != '\0') {
    return base::Fail(base::Code::kInvalid,
                      "VMAFX_CONTROLLER_TOKEN is set{}: tokens are read from a file only; name it "
                      "by VMAFX_CONTROLLER_TOKEN_FILE and unset the other",
                      channel.token_file.empty() ? "" : ", and VMAFX_CONTROLLER_TOKEN_FILE too");
  }
  if (!channel.tls && !(channel.ca_file.empty() && channel.server_name.empty())) {
    return base::Fail(base::Code::kInvalid,
                      "--ca-file and --server-name need --tls (VMAFX_CONTROLLER_TLS=true)");
  }
  return base::Ok();
}

}  // namespace app
