#include "vmafx/node/source_idle.h"

namespace vmafx::node {

IdleWatch::IdleWatch(base::Clock& clock, base::Duration limit, std::stop_token outer)
    : clock_(clock), limit_(limit), on_stop_(std::move(outer), Stop{this}) {
  Listen();
  crew_.Start("idle watch", [this](const std::stop_token& stop) { Watch(stop); });
}

// Looks when the limit could be reached at the earliest, not at each byte.
void IdleWatch::Watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const int64_t since = since_;
    const base::Instant now = clock_.Now();
    const base::Instant from = since == kPaused ? now : base::Instant(base::Duration(since));
    if (since_ != since) continue;
    if (now - from >= limit_) {
      fired_ = true;
      stop_.request_stop();
      return;
    }
    base::Until(clock_, from + limit_, stop).Pause(limit_);
  }
}

}  // namespace vmafx::node
