#pragma once

// Tells what a step waits for, when it changes and not too often: it is for people.

#include <optional>

#include "trial/steps/context.h"

namespace trial {

// One wait's, of one thread. `story` must outlive it.
class WaitTeller {
 public:
  // At most so often.
  static constexpr base::Duration kEvery = std::chrono::milliseconds(100);
  // And at least so often, even if nothing has changed.
  static constexpr base::Duration kAgain = std::chrono::seconds(10);

  explicit WaitTeller(const Story& story) : story_(story), started_(story.clock().Now()) {}

  // Is it too early to tell anything?
  bool TooEarly() const;
  // How long until it is to be told again at the latest.
  base::Duration UntilAgain() const;
  // Fills in whose it is and the times; tells it if it says something new, or again.
  void Tell(WaitProgress progress, const base::Until& until);
  // What was told last; empty before.
  const WaitProgress& told() const { return told_; }

 private:
  const Story& story_;
  const base::Instant started_;
  std::optional<base::Instant> told_at_;
  WaitProgress told_;
};

}  // namespace trial
