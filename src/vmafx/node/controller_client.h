#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/api/channel.h"
#include "vmafx/node/assignment.h"
#include "vmafx/scoring/score.h"

namespace vmafx::node {

struct Beat {
  bool known = false;               // false: register again
  std::vector<std::string> cancel;  // ids of running jobs to stop
};

// How far a running job is. `scores` are those of `first_frame` and on that are known.
struct PartialReport {
  uint64_t frames_done = 0;
  uint64_t frames_total = 0;  // 0: not known
  uint64_t first_frame = 0;
  std::vector<double> scores;
};

// The calls of vmafx.controller.v1 that a worker makes, over one gRPC channel. One attempt each, of
// at most `call_timeout`; it ends at once when `until` is stopped. Errors: kUnavailable (not
// reached), kTimeout, kDenied (wrong session: register again; or the lease is lost), kNotFound,
// kConflict, kInvalid; the message starts with the call and the address. Each call carries the
// token of options.token_file; without it (the error names the file) none is made. Thread-safe.
class ControllerClient {
 public:
  // Does not connect yet. Errors are api::MakeChannel's: the CA file.
  static base::Result<std::unique_ptr<ControllerClient>> Make(
      const api::ChannelOptions& options, base::Duration call_timeout = std::chrono::seconds(10));
  ~ControllerClient();

  base::Result<Credentials> Register(const Identity& identity, const base::Until& until);
  base::Result<Beat> Heartbeat(const Credentials& credentials, const std::vector<JobRef>& running,
                               const base::Until& until);
  // The pinned job `job_id`: nullopt while another worker has it. With "", the next unpinned one;
  // nullopt when none waits.
  base::Result<std::optional<Assignment>> Pull(const Credentials& credentials,
                                               const std::string& backend,
                                               const std::string& job_id, const base::Until& until);
  // False: the controller lacks scores before `report.first_frame`, send from frame 0 again.
  base::Result<bool> ReportPartial(const Credentials& credentials, const JobRef& job,
                                   const PartialReport& report, const base::Until& until);
  base::Result<> ReportScore(const Credentials& credentials, const JobRef& job,
                             const scoring::ScoreReport& report,
                             const std::vector<UndeliveredSample>& undelivered,
                             const base::Until& until);
  base::Result<> ReportFailure(const Credentials& credentials, const JobRef& job,
                               const std::string& error, const base::Until& until);
  // Gives the job back undone: another worker may do it.
  base::Result<> ReportReleased(const Credentials& credentials, const JobRef& job,
                                const std::string& reason, const base::Until& until);

 private:
  struct State;
  explicit ControllerClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::node
