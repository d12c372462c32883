#include "vmafx/node/progress_sender.h"

#include <algorithm>

namespace vmafx::node {
namespace {

constexpr size_t kMostScores = 1 << 16;  // half a megabyte a message, 18 minutes of 60 frames

}  // namespace

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
  state_.With([&](State& state) {
    state.done = progress.done;
    state.total = progress.total.value_or(0);
    const auto more = progress.scores.subspan(state.scores.size());
    state.scores.insert(state.scores.end(), more.begin(), more.end());
  });
}

void ProgressSender::Loop(const base::Until& until) {
  uint64_t sent_done = 0;
  size_t sent_scores = 0;
  // The first frames come at once and say little.
  while (until.Pause(interval_)) {
    const auto report = state_.When(
        until,
        [&](const State& state) {
          return state.done > sent_done || state.scores.size() > sent_scores;
        },
        [&](const State& state) {
          const size_t end = std::min(state.scores.size(), sent_scores + kMostScores);
          return PartialReport{
              .frames_done = state.done,
              .frames_total = state.total,
              .first_frame = sent_scores,
              .scores = {state.scores.begin() + static_cast<ptrdiff_t>(sent_scores),
                         state.scores.begin() + static_cast<ptrdiff_t>(end)}};
        });
    if (!report.ok()) return;
    const auto kept = client_.ReportPartial(session_.credentials(), job_, *report, until);
    sent_done = report->frames_done;
    if (kept.ok()) {
      sent_scores = *kept ? sent_scores + report->scores.size() : 0;
    } else if (!until.Stopped()) {
      log_.Debug("progress not sent", {{"reason", kept.error().message()}});
    }
  }
}

}  // namespace vmafx::node
