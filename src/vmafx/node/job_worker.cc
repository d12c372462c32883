#include "vmafx/node/job_worker.h"

#include "vmafx/features/features.h"
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
constexpr auto kFirstReportBackoff = std::chrono::milliseconds(500);
constexpr auto kMostReportBackoff = std::chrono::seconds(15);

// Heartbeats speak of the job for as long as this lives.
class Beating {
 public:
  Beating(Session& session, const JobRef& job) : session_(session), job_(job) {
    session_.StartJob(job_, cancelled_);
  }
  ~Beating() { session_.EndJob(job_); }

  std::stop_token cancelled() const { return cancelled_.get_token(); }

 private:
  Session& session_;
  JobRef job_;
  std::stop_source cancelled_;
};

// A token that is stopped when either of two is.
class Either {
 public:
  Either(std::stop_token one, std::stop_token other)
      : on_one_(std::move(one), Stop{this}), on_other_(std::move(other), Stop{this}) {}

  std::stop_token token() const { return either_.get_token(); }

 private:
  struct Stop {
    Either* either;
    void operator()() const { either->either_.request_stop(); }
  };

  std::stop_source either_;
  std::stop_callback<Stop> on_one_;
  std::stop_callback<Stop> on_other_;
};

features::Plane ToPlane(const scoring::Luma& luma) {
  return {.data = luma.data,
          .stride = luma.stride,
          .width = luma.width,
          .height = luma.height,
          .bit_depth = static_cast<unsigned>(luma.bit_depth)};
}

}  // namespace

std::string_view ToString(JobEnd end) {
  switch (end) {
    case JobEnd::kScored:
      return "completed";
    case JobEnd::kFailed:
      return "failed";
    case JobEnd::kCancelled:
      return "cancelled";
    case JobEnd::kReleased:
      return "released";
  }
  return "unknown";
}

JobWorker::JobWorker(const WorkOptions& options, ControllerClient& client, Session& session,
                     Feedback& feedback, base::Clock& clock, base::Log log)
    : options_(options),
      client_(client),
      session_(session),
      feedback_(feedback),
      clock_(clock),
      log_(std::move(log)) {}

Result<JobEnd> JobWorker::Do(const Assignment& job, const Until& until) {
  log_.Info("job pulled", {{"job", job.job.id},
                           {"attempt", job.job.attempt},
                           {"reference", job.reference},
                           {"distorted", job.distorted}});
  const Beating beating(session_, job.job);
  const auto scored = Score(job, beating.cancelled(), until);
  return Report(job, scored, beating.cancelled(), until);
}

Result<JobWorker::Scored> JobWorker::Score(const Assignment& job, std::stop_token cancelled,
                                           const Until& until) {
  const Either either(std::move(cancelled), until.stop());
  const Until either_until = until.Stopping(either.token());
  auto request = TRY(BuildRequest(job, options_.capacity, log_, either_until));
  ProgressSender progress(client_, session_, job.job, options_.progress_interval, clock_, log_);
  request.on_progress = [&progress](const scoring::Progress& now) { progress.Tell(now); };
  features::Extractor extractor;
  if (feedback_.wanted()) {
    request.on_frame = [&extractor](uint64_t frame, const scoring::Luma& reference,
                                    const scoring::Luma& distorted) {
      extractor.Add(frame, ToPlane(reference), ToPlane(distorted));
    };
  }
  Scored scored{.report = TRY(scoring::Score(request, either_until)), .features = {}};
  TRY(CheckNumbers(scored.report));
  if (feedback_.wanted()) scored.features = extractor.Clip();
  return scored;
}

Result<JobEnd> JobWorker::Report(const Assignment& job, const Result<Scored>& scored,
                                 std::stop_token cancelled, const Until& until) {
  if (scored.ok()) return ReportScore(job, *scored, std::move(cancelled), until);
  if (cancelled.stop_requested()) {
    TRY(Deliver(Standing::kCancelled, until,
                [&](const Credentials& credentials, const Until& call) {
                  return client_.ReportFailure(credentials, job.job, kCancelledText, call);
                }));
    log_.Info("job stopped", {{"job", job.job.id}, {"reason", kCancelledText}});
    return JobEnd::kCancelled;
  }
  if (scored.Is(Code::kCancelled)) {
    TRY(GiveBack(job.job, until));
    return JobEnd::kReleased;
  }
  const std::string& error = scored.error().message();
  TRY(Deliver(Standing::kLeased, until, [&](const Credentials& credentials, const Until& call) {
    return client_.ReportFailure(credentials, job.job, error, call);
  }));
  log_.Warn("failure reported", {{"job", job.job.id}, {"error", error}});
  return JobEnd::kFailed;
}

Result<JobEnd> JobWorker::ReportScore(const Assignment& job, const Scored& scored,
                                      std::stop_token cancelled, const Until& until) {
  const double score = scored.report.vmaf.mean;
  std::vector<UndeliveredSample> undelivered;
  if (!scored.features.empty()) {
    const Either either(std::move(cancelled), until.stop());
    undelivered = feedback_.Tell(
        {.job_id = job.job.id, .features = scored.features, .true_score = score, .ns = job.ns},
        until.Stopping(either.token()));
  }
  const auto send = [&] {
    return Deliver(
        Standing::kLeased, until, [&](const Credentials& credentials, const Until& call) {
          return client_.ReportScore(credentials, job.job, scored.report, undelivered, call);
        });
  };
  auto sent = send();
  if (sent.Is(Code::kInvalid) && !undelivered.empty()) {
    // A sample must never cost a score.
    log_.Error("samples dropped: the controller does not take them",
               {{"job", job.job.id}, {"reason", sent.error().message()}});
    undelivered.clear();
    sent = send();
  }
  TRY(std::move(sent));
  log_.Info("score reported", {{"job", job.job.id}, {"score", score}});
  return JobEnd::kScored;
}

Result<> JobWorker::GiveBack(const JobRef& job, const Until& until) {
  TRY(Deliver(Standing::kLeased, until, [&](const Credentials& credentials, const Until& call) {
    return client_.ReportReleased(credentials, job, kInterruptedText, call);
  }));
  log_.Info("job given back", {{"job", job.id}});
  return base::Ok();
}

// Until the controller has it: a stop of `until` shortens the patience, but does not end it.
Result<> JobWorker::Deliver(Standing standing, const Until& until, const Send& send) {
  Until patience = Until::After(clock_, options_.report_patience, until.stop());
  Backoff backoff(kFirstReportBackoff, kMostReportBackoff, session_.credentials().node_id);
  // The controller may have forgotten the session; denied twice, the lease is lost.
  bool denied = standing == Standing::kCancelled;
  for (int attempt = 1;; ++attempt) {
    if (patience.Stopped()) patience = patience.Within(options_.stop_patience).Stopping({});
    const Until call = patience.Stopping({});
    const Credentials credentials = session_.credentials();
    auto sent = send(credentials, call);
    if (sent.ok()) return sent;
    if (sent.Is(Code::kDenied) && !denied) {
      denied = true;
      TRY(session_.Renew(credentials, call));
      continue;
    }
    if (!MayRetry(sent.error()) || attempt == kReportAttempts || call.Expired()) return sent;
    log_.Warn("report not accepted yet", {{"reason", sent.error().message()}});
    patience.Pause(backoff.Next());
  }
}

}  // namespace vmafx::node
