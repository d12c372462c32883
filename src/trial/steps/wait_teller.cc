#include "trial/steps/wait_teller.h"

#include <algorithm>

namespace trial {

bool WaitTeller::TooEarly() const {
  return told_at_ && story_.clock().Now() - *told_at_ < kEvery;
}

base::Duration WaitTeller::UntilAgain() const {
  if (!told_at_) return kAgain;
  return std::max(*told_at_ + kAgain - story_.clock().Now(), base::Duration{});
}

void WaitTeller::Tell(WaitProgress progress, const base::Until& until) {
  const bool news = progress.mismatch != told_.mismatch || progress.cause != told_.cause ||
                    progress.waiting_for != told_.waiting_for;
  if (!news && told_at_ && UntilAgain() > base::Duration{}) return;
  const base::Instant now = story_.clock().Now();
  progress.id = story_.id();
  progress.waited = now - started_;
  progress.left = until.Left();
  told_at_ = now;
  told_ = progress;
  story_.announcer().Tell(progress);
}

}  // namespace trial
