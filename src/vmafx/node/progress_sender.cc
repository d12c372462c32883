#include "vmafx/node/progress_sender.h"

namespace vmafx::node {

ProgressSender::ProgressSender(ControllerClient& client, Session& session, JobRef job,
                               base::Duration interval, base::Clock& clock, base::Log log)
    : client_(client),
      session_(session),
      job_(std::move(job)),
      interval_(interval),
      log_(std::move(log)) {
  crew_.Start("progress", [this, &clock](std::stop_token stop) {
    Loop(base::Until(clock, base::Instant::max(), std::move(stop)));
  });
}

void ProgressSender::Tell(const scoring::Progress& progress) {
  newest_.With([&](scoring::Progress& newest) { newest = progress; });
}

void ProgressSender::Loop(const base::Until& until) {
  uint64_t sent = 0;
  // The first frames come at once and say little.
  while (until.Pause(interval_)) {
    auto progress = newest_.When(
        until, [&](const scoring::Progress& newest) { return newest.done > sent; },
        [](const scoring::Progress& newest) { return newest; });
    if (!progress.ok()) return;
    auto accepted = client_.ReportProgress(session_.credentials(), job_, *progress, until);
    if (!accepted.ok() && !until.Stopped()) {
      log_.Debug("progress not sent", {{"reason", accepted.error().message()}});
    }
    sent = progress->done;
  }
}

}  // namespace vmafx::node
