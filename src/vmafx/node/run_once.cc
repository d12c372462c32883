#include "vmafx/node/run_once.h"

#include <functional>

#include "vmafx/node/backoff.h"
#include "vmafx/node/progress_sender.h"

namespace vmafx::node {

using base::Code;
using base::Result;
using base::Until;

namespace {

constexpr char kInterruptedText[] = "node shutting down, job interrupted";
constexpr char kCancelledText[] = "cancelled by the controller";
constexpr int kReportAttempts = 8;

class Run {
 public:
  Run(const RunOnceOptions& options, ControllerClient& client, base::Clock& clock, base::Log log)
      : options_(options),
        client_(client),
        clock_(clock),
        log_(std::move(log)),
        session_(client, options.session, clock, log_) {}

  Result<Ending> Do(const Until& until) {
    auto job = Obtain(until);
    if (!job.ok() && until.Stopped()) return Ending::kInterrupted;
    if (job.Is(Code::kConflict)) {
      log_.Info("nothing to do", {{"reason", job.error().message()}});
      return Ending::kNothingToDo;
    }
    if (!job.ok()) return std::move(job).error();
    log_.Info("job pulled", {{"job", job->job.id},
                             {"attempt", job->job.attempt},
                             {"reference", job->reference},
                             {"distorted", job->distorted}});
    return Work(*job, until);
  }

 private:
  Result<Assignment> Obtain(const Until& until) {
    TRY(session_.Open(until.Within(options_.connect_patience)));
    return Pull(until.Within(options_.pull_patience));
  }

  Result<Assignment> Pull(const Until& until) {
    Backoff backoff(options_.session.first_backoff, options_.session.most_backoff,
                    options_.session.name);
    for (;;) {
      const Credentials credentials = session_.credentials();
      auto pulled = client_.Pull(credentials, options_.capacity.backend, options_.job_id, until);
      if (pulled.ok() && *pulled) return **std::move(pulled);
      base::Duration wait = options_.poll_interval;
      if (pulled.ok()) {
        pulled = base::Fail(Code::kTimeout, "job {}: another worker has it", options_.job_id);
        log_.Info("another worker has the job", {{"job", options_.job_id}});
      } else if (pulled.Is(Code::kDenied)) {
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

  Result<Ending> Work(const Assignment& job, const Until& until) {
    std::stop_source cancelled;
    session_.StartJob(job.job, cancelled);
    auto report = Score(job, cancelled.get_token(), until);
    auto ending = Report(job.job, report, cancelled.stop_requested(), until);
    session_.EndJob();
    return ending;
  }

  Result<scoring::ScoreReport> Score(const Assignment& job, std::stop_token cancelled,
                                     const Until& until) {
    auto request = TRY(BuildRequest(job, options_.capacity));
    ProgressSender progress(client_, session_, job.job, options_.progress_interval, clock_, log_);
    request.on_progress = [&progress](const scoring::Progress& now) { progress.Tell(now); };
    // Scoring ends with either: the job was cancelled, or this process is asked to stop.
    std::stop_source either;
    std::stop_callback on_cancel(std::move(cancelled), [&either] { either.request_stop(); });
    std::stop_callback on_stop(until.stop(), [&either] { either.request_stop(); });
    auto report = TRY(scoring::Score(request, until.Stopping(either.get_token())));
    TRY(CheckNumbers(report));
    return report;
  }

  Result<Ending> Report(const JobRef& job, const Result<scoring::ScoreReport>& report,
                        bool cancelled, const Until& until) {
    if (report.ok()) {
      TRY(Deliver(until, [&](const Credentials& credentials, const Until& call) {
        return client_.ReportScore(credentials, job, *report, call);
      }));
      log_.Info("score reported", {{"job", job.id}, {"score", report->vmaf.mean}});
      return Ending::kReported;
    }
    if (report.Is(Code::kCancelled) && !cancelled) {
      TRY(Deliver(until, [&](const Credentials& credentials, const Until& call) {
        return client_.ReportReleased(credentials, job, kInterruptedText, call);
      }));
      log_.Info("job given back", {{"job", job.id}});
      return Ending::kInterrupted;
    }
    const std::string error =
        report.Is(Code::kCancelled) ? kCancelledText : report.error().message();
    TRY(Deliver(until, [&](const Credentials& credentials, const Until& call) {
      return client_.ReportFailure(credentials, job, error, call);
    }));
    log_.Warn("failure reported", {{"job", job.id}, {"error", error}});
    return Ending::kReported;
  }

  using Send = std::function<Result<>(const Credentials&, const Until&)>;

  // Until the controller has it: a stop of `until` shortens the patience, but does not end it.
  Result<> Deliver(const Until& until, const Send& send) {
    const Until patience =
        Until::After(clock_, until.Stopped() ? options_.stop_patience : options_.report_patience);
    Backoff backoff(options_.session.first_backoff, std::chrono::seconds(15),
                    options_.session.name);
    bool renewed = false;
    for (int attempt = 1;; ++attempt) {
      const Credentials credentials = session_.credentials();
      auto sent = send(credentials, patience);
      if (sent.ok()) return sent;
      // The controller may have forgotten the session; denied twice, the lease is lost.
      if (sent.Is(Code::kDenied) && !renewed) {
        renewed = true;
        TRY(session_.Renew(credentials, patience));
        continue;
      }
      if (!MayRetry(sent.error()) || attempt == kReportAttempts) return sent;
      log_.Warn("report not accepted yet", {{"reason", sent.error().message()}});
      if (!patience.Pause(backoff.Next())) return sent;
    }
  }

  const RunOnceOptions& options_;
  ControllerClient& client_;
  base::Clock& clock_;
  base::Log log_;
  Session session_;
};

}  // namespace

Result<Ending> RunOnce(const RunOnceOptions& options, ControllerClient& client, base::Clock& clock,
                       base::Log log, const Until& until) {
  return Run(options, client, clock, std::move(log)).Do(until);
}

}  // namespace vmafx::node
