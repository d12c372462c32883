#pragma once

#include <functional>

#include "base/clock.h"
#include "base/log.h"
#include "vmafx/node/controller_client.h"
#include "vmafx/node/feedback.h"
#include "vmafx/node/request.h"
#include "vmafx/node/session.h"

namespace vmafx::node {

struct WorkOptions {
  Capacity capacity;
  base::Duration report_patience = std::chrono::minutes(2);  // to get the result accepted
  base::Duration stop_patience = std::chrono::seconds(20);   // the same, once asked to stop
  base::Duration progress_interval = std::chrono::seconds(1);
};

enum class JobEnd {
  kScored,
  kFailed,     // it cannot be scored; the controller knows why
  kCancelled,  // by the controller
  kReleased,   // asked to stop: given back, another worker may do it
};

// "completed", "failed", "cancelled", "released".
std::string_view ToString(JobEnd end);

// Does pulled jobs: scores one, tells the trainers, reports, with `session` beating for it all
// along. Thread-safe, one thread a job.
class JobWorker {
 public:
  // All must outlive it.
  JobWorker(const WorkOptions& options, ControllerClient& client, Session& session,
            Feedback& feedback, base::Clock& clock, base::Log log);

  // A job that cannot be scored is a reported failure, not an error. When `until` is stopped, the
  // job is given back with "node shutting down, job interrupted", unless it is scored already: then
  // the score is reported, and the trainers are not waited for. Errors: the report was not
  // accepted; the job is then left to its lease (kDenied: that is lost already).
  base::Result<JobEnd> Do(const Assignment& job, const base::Until& until);

 private:
  struct Scored {
    scoring::ScoreReport report;
    std::vector<double> features;  // empty: nobody wants them
  };
  // Whether a report that was denied may be sent again under a new session.
  enum class Standing { kLeased, kCancelled };
  using Send = std::function<base::Result<>(const Credentials&, const base::Until&)>;

  base::Result<Scored> Score(const Assignment& job, std::stop_token cancelled,
                             const base::Until& until);
  base::Result<JobEnd> Report(const Assignment& job, const base::Result<Scored>& scored,
                              std::stop_token cancelled, const base::Until& until);
  base::Result<JobEnd> ReportScore(const Assignment& job, const Scored& scored,
                                   std::stop_token cancelled, const base::Until& until);
  base::Result<> GiveBack(const JobRef& job, const base::Until& until);
  base::Result<> Deliver(Standing standing, const base::Until& until, const Send& send);

  const WorkOptions& options_;
  ControllerClient& client_;
  Session& session_;
  Feedback& feedback_;
  base::Clock& clock_;
  base::Log log_;
};

}  // namespace vmafx::node
