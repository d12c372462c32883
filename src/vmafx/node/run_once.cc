#include "vmafx/node/run_once.h"

#include "vmafx/node/backoff.h"

namespace vmafx::node {

using base::Code;
using base::Result;
using base::Until;

namespace {

class Run {
 public:
  Run(const RunOnceOptions& options, ControllerClient& client, Feedback& feedback,
      base::Clock& clock, base::Log log)
      : options_(options),
        client_(client),
        log_(std::move(log)),
        session_(client, options.session, clock, log_),
        worker_(options.work, client, session_, feedback, clock, log_) {}

  Result<Ending> Do(const Until& until) {
    auto job = Obtain(until);
    if (!job.ok() && until.Stopped()) return Ending::kInterrupted;
    if (job.Is(Code::kConflict)) {
      log_.Info("nothing to do", {{"reason", job.error().message()}});
      return Ending::kNothingToDo;
    }
    if (!job.ok()) return std::move(job).error();
    const JobEnd end = TRY(worker_.Do(*job, until));
    return end == JobEnd::kReleased ? Ending::kInterrupted : Ending::kReported;
  }

 private:
  Result<Assignment> Obtain(const Until& until) {
    TRY(session_.Open(until.Within(options_.connect_patience)));
    return Pull(until.Within(options_.pull_patience));
  }

  Result<Assignment> Pull(const Until& until) {
    Backoff backoff(options_.session.first_backoff, options_.session.most_backoff,
                    options_.session.identity.name);
    for (bool denied = false;;) {
      const Credentials credentials = session_.credentials();
      auto pulled =
          client_.Pull(credentials, options_.session.identity.backend, options_.job_id, until);
      if (pulled.ok() && *pulled) return **std::move(pulled);
      base::Duration wait = options_.poll_interval;
      if (pulled.ok()) {
        pulled = base::Fail(Code::kTimeout, "job {}: another worker has it", options_.job_id);
        log_.Info("another worker has the job", {{"job", options_.job_id}});
      } else if (pulled.Is(Code::kDenied) && !denied) {
        // The controller may have forgotten the session; denied twice, the job is not for us.
        denied = true;
        TRY(session_.Renew(credentials, until));
        continue;
      } else if (MayRetry(pulled.error())) {
        wait = backoff.Next();
        log_.Warn("job not pulled yet", {{"reason", pulled.error().message()}});
      } else {
        return std::move(pulled).error();
      }
      if (!until.Pause(wait)) return std::move(pulled).error();
    }
  }

  const RunOnceOptions& options_;
  ControllerClient& client_;
  base::Log log_;
  Session session_;
  JobWorker worker_;
};

}  // namespace

Result<Ending> RunOnce(const RunOnceOptions& options, ControllerClient& client, Feedback& feedback,
                       base::Clock& clock, base::Log log, const Until& until) {
  return Run(options, client, feedback, clock, std::move(log)).Do(until);
}

}  // namespace vmafx::node
