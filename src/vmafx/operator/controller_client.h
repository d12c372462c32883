#pragma once

// The operator: makes VmafxJobs happen. It submits each to the controller, runs a worker Pod for
// it, and writes what becomes of it into its status. (The folder's namespace is `operators`,
// because `operator` is a word of C++.)

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/api/channel.h"
#include "vmafx/controller/v1/controller.pb.h"

namespace vmafx::operators {

namespace rpc = vmafx::controller::v1;

// The controller as the operator uses it; proto/vmafx/controller/v1 says what each call means.
// Errors: kInvalid (INVALID_ARGUMENT), kNotFound, kConflict (FAILED_PRECONDITION, ABORTED),
// kDenied, kTimeout, kCancelled, kUnavailable; the message names the call and the address.
// Thread-safe.
class ControllerClient {
 public:
  virtual ~ControllerClient() = default;

  virtual base::Result<std::string> Submit(const rpc::SubmitJobRequest& request,
                                           const base::Until& until) = 0;
  virtual base::Result<rpc::Job> Get(const std::string& id, const base::Until& until) = 0;
  virtual base::Result<> Cancel(const std::string& id, const base::Until& until) = 0;
  // The job as it is after the release.
  virtual base::Result<rpc::Job> Release(const rpc::ReleaseJobRequest& request,
                                         const base::Until& until) = 0;
  // The workers that the controller has heard of, of one namespace, or with "" of all.
  virtual base::Result<rpc::ListNodesResponse> ListNodes(const std::string& ns,
                                                         const base::Until& until) = 0;
  // All jobs, then each change, on this thread, until the stream breaks (an error, always) or
  // `until` is over.
  virtual base::Error Follow(const std::function<void(const rpc::Job&)>& on_job,
                             const base::Until& until) = 0;
};

// Over one gRPC channel, kept for all calls and made anew by gRPC when it breaks. Each call carries
// the token of `options.token_file` as it is then, and takes, but for Follow, at most 5 s. Does not
// connect yet. Errors are those of api::MakeChannel.
base::Result<std::unique_ptr<ControllerClient>> MakeGrpcControllerClient(
    const api::ChannelOptions& options);

}  // namespace vmafx::operators
