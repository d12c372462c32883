#include "vmafx/api/caller.h"

#include <fmt/format.h>

#include "vmafx/api/status.h"

namespace vmafx::api {

base::Result<std::unique_ptr<Caller>> Caller::Make(const ChannelOptions& options,
                                                   base::Duration limit) {
  auto channel = TRY(MakeChannel(options));
  return std::unique_ptr<Caller>(new Caller(options, limit, std::move(channel)));
}

Caller::Caller(const ChannelOptions& options, base::Duration limit,
               std::shared_ptr<grpc::Channel> channel)
    : address_(options.address),
      limit_(limit),
      token_(options.token_file),
      channel_(std::move(channel)),
      stub_(controller::v1::VmafxController::NewStub(channel_)) {}

std::string Caller::Doing(std::string_view name) const {
  return fmt::format("{} at controller {}", name, address_);
}

base::Result<> Caller::Begin(std::string_view name, grpc::ClientContext& context) {
  return token_.AddTo(context).During(Doing(name));
}

void Caller::Limit(grpc::ClientContext& context, const base::Until& until) const {
  const base::Duration left = std::min(limit_, until.Left());
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::microseconds>(left));
}

base::Result<> Caller::Check(const grpc::Status& status, std::string_view name,
                             const base::Until& until) const {
  if (status.error_code() == grpc::StatusCode::CANCELLED && !until.Stopped())
    return FromGrpc({grpc::StatusCode::UNAVAILABLE, "the controller ended the call"}, Doing(name));
  return FromGrpc(status, Doing(name));
}

}  // namespace vmafx::api
