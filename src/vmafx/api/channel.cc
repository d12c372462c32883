#include "vmafx/api/channel.h"

#include <grpcpp/grpcpp.h>

namespace vmafx::api {

namespace {

constexpr int kLargestMessage = 64 << 20;

// https://grpc.github.io/grpc/core/group__grpc__arg__keys.html
grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(kLargestMessage);
  arguments.SetMaxReceiveMessageSize(kLargestMessage);
  // The minimum is the time that one attempt to connect has, not a pause between two.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

base::Result<std::shared_ptr<grpc::Channel>> MakeChannel(const ChannelOptions& options) {
  if (options.address.empty()) {
    return base::Error(base::Code::kInvalid,
                       "the controller's address is empty: set VMAFX_CONTROLLER_ADDR");
  }
  grpc::ChannelArguments arguments = Arguments();
  if (!options.tls) {
    return grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  grpc::SslCredentialsOptions ssl;
  if (!options.ca_file.empty()) {
    ssl.pem_root_certs = TRY(kube::ReadTextFile(options.ca_file).During("the controller's CA"));
  }
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return grpc::CreateCustomChannel(options.address, grpc::SslCredentials(ssl), arguments);
}

TokenSource::TokenSource(const std::string& file)
    : file_(file.empty() ? nullptr : std::make_unique<kube::TokenFile>(file)) {}

base::Result<> TokenSource::AddTo(grpc::ClientContext& context) {
  if (file_ == nullptr) return base::Ok();
  context.AddMetadata("authorization", "Bearer " + TRY(file_->Get().During("of the controller")));
  return base::Ok();
}

}  // namespace vmafx::api
