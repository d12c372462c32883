#pragma once

// For .cc files only: it brings all of gRPC.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include <grpcpp/grpcpp.h>

#include "base/clock.h"
#include "vmafx/api/channel.h"
#include "vmafx/controller/v1/controller.grpc.pb.h"

namespace vmafx::api {

// Calls the controller as all of its clients do: with the token as it is then, a deadline, and an
// end when the caller is stopped. Thread-safe.
class Caller {
 public:
  using Stub = controller::v1::VmafxController::Stub;

  // `limit` is the longest that one call may take. Does not connect yet. Errors of MakeChannel.
  static base::Result<std::unique_ptr<Caller>> Make(const ChannelOptions& options,
                                                    base::Duration limit);

  // One call, of one answer: Call<rpc::Job>("GetJob", &Stub::GetJob, request, until). Errors as of
  // Begin and Check.
  template <typename Response, typename Method, typename Request>
  base::Result<Response> Call(std::string_view name, Method method, const Request& request,
                              const base::Until& until) {
    grpc::ClientContext context;
    TRY(Begin(name, context));
    Limit(context, until);
    std::stop_callback on_stop(until.stop(), [&context] { context.TryCancel(); });
    Response response;
    TRY(Check((stub_.get()->*method)(&context, request, &response), name, until));
    return response;
  }

  // For streams, which are read elsewhere: adds the token to a call that has not started. Errors of
  // TokenSource::AddTo.
  base::Result<> Begin(std::string_view name, grpc::ClientContext& context);
  // Gives it the deadline of a call.
  void Limit(grpc::ClientContext& context, const base::Until& until) const;
  // What its status means; all messages begin "NAME at controller ADDRESS: ". kUnavailable also
  // where it was cancelled and `until` is not stopped: a controller that shuts down does that to
  // the calls that it has, and another may be there for the next try.
  base::Result<> Check(const grpc::Status& status, std::string_view name,
                       const base::Until& until) const;

  Stub& stub() { return *stub_; }
  grpc::Channel& channel() { return *channel_; }

 private:
  Caller(const ChannelOptions& options, base::Duration limit,
         std::shared_ptr<grpc::Channel> channel);
  std::string Doing(std::string_view name) const;

  const std::string address_;
  const base::Duration limit_;
  TokenSource token_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace vmafx::api
