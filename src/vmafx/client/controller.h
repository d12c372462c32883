#pragma once

// vmafx/client: what people ask of the platform from outside: jobs and nodes of the controller, the
// state of a trainer, and how all that looks as text, JSON, CSV and HTML. No flags, no terminal:
// those are app/vmafx's.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/api/channel.h"
#include "vmafx/controller/v1/controller.pb.h"

namespace vmafx::client {

namespace rpc = vmafx::controller::v1;

// Whether it will never change again.
bool IsFinished(rpc::JobStatus status);

// The clients' calls of vmafx.controller.v1. Each takes at most `call_timeout`, ends at once when
// `until` is stopped, and says in its error which call at which address failed and, where that
// helps, what to do. kUnavailable (not reached), kTimeout, kDenied (no or the wrong token),
// kNotFound (no such job), kInvalid. Thread-safe.
class Controller {
 public:
  // Does not connect yet. Errors are api::MakeChannel's.
  static base::Result<std::unique_ptr<Controller>> Make(
      const api::ChannelOptions& options, base::Duration call_timeout = std::chrono::seconds(10));
  ~Controller();

  // The new job's id.
  base::Result<std::string> Submit(const rpc::SubmitJobRequest& request, const base::Until& until);
  base::Result<rpc::Job> Get(const std::string& id, const base::Until& until);
  // What the controller says about it.
  base::Result<std::string> Cancel(const std::string& id, const base::Until& until);
  // `ns` empty: of all namespaces.
  base::Result<std::vector<rpc::Node>> Nodes(const std::string& ns, const base::Until& until);
  // All jobs, oldest first, without frames.
  base::Result<std::vector<rpc::Job>> Jobs(const base::Until& until);

  // All jobs, then each again whenever it changes, without frames, until `on_job` returns false:
  // then ok. While the controller cannot be reached it is tried again, for at most `patience`
  // in a row; `on_trouble` hears of it. After that, or when it refuses: the error.
  struct FollowOptions {
    base::Duration patience = std::chrono::minutes(2);
    std::function<void(const base::Error&)> on_trouble;  // may be empty
  };
  base::Result<> Follow(const FollowOptions& options,
                        const std::function<bool(const rpc::Job&)>& on_job,
                        const base::Until& until);

  // Follows the job until it is finished; `on_change` (may be empty) sees each state on the way
  // once, the last one too. Returns that with its frames.
  base::Result<rpc::Job> AwaitJob(const std::string& id, const FollowOptions& options,
                                  const std::function<void(const rpc::Job&)>& on_change,
                                  const base::Until& until);

 private:
  struct State;
  explicit Controller(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::client
