#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/node/assignment.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

struct Beat {
  bool known = false;               // false: register again
  std::vector<std::string> cancel;  // ids of running jobs to stop
};

// The calls of vmafx.controller.v1 that a worker makes, over one gRPC channel. One attempt each, of
// at most `call_timeout`; it ends at once when `until` is stopped. Errors: kUnavailable (not
// reached), kTimeout, kDenied (wrong session: register again; or the lease is lost), kNotFound,
// kConflict, kInvalid; the message starts with the call and the address. Thread-safe.
class ControllerClient {
 public:
  // `address`: "host:9090". Does not connect yet, so it cannot fail.
  explicit ControllerClient(const std::string& address,
                            base::Duration call_timeout = std::chrono::seconds(10));
  ~ControllerClient();

  base::Result<Credentials> Register(const std::string& name, const std::string& backend,
                                     const base::Until& until);
  base::Result<Beat> Heartbeat(const Credentials& credentials, const std::vector<JobRef>& running,
                               const base::Until& until);
  // nullopt while another worker has the job.
  base::Result<std::optional<Assignment>> Pull(const Credentials& credentials,
                                               const std::string& backend,
                                               const std::string& job_id, const base::Until& until);
  base::Result<> ReportProgress(const Credentials& credentials, const JobRef& job,
                                const scoring::Progress& progress, const base::Until& until);
  base::Result<> ReportScore(const Credentials& credentials, const JobRef& job,
                             const scoring::ScoreReport& report, const base::Until& until);
  base::Result<> ReportFailure(const Credentials& credentials, const JobRef& job,
                               const std::string& error, const base::Until& until);
  // Gives the job back undone: another worker may do it.
  base::Result<> ReportReleased(const Credentials& credentials, const JobRef& job,
                                const std::string& reason, const base::Until& until);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::node
