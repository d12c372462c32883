#pragma once

// Why a wait is not over yet, while it lasts; and whether it is worth going on.

#include <map>
#include <optional>
#include <string>

#include "trial/steps/round.h"
#include "trial/steps/world.h"

namespace trial {

// One wait's, of one thread. `context` and `signal` must outlive it.
class LiveCause {
 public:
  LiveCause(const StepContext& context, ChangeSignal& signal)
      : context_(context), signal_(signal) {}

  // Looks at the watches for what keeps the first of `wanted` that does not hold from holding. May
  // ask for a few logs, each once; else it does not wait.
  const std::vector<Cause>& Look(const std::vector<Wanted>& wanted, const Round& round,
                                 const base::Until& until);
  // In one line: the root of the trouble; "" when none is known.
  std::string Text() const;

  // The cause that `failEarly` ends the wait for: it stays until somebody mends it, the condition
  // does not ask for it by name, and it has lasted long enough to be no passing state.
  std::optional<Cause> Fatal(const Condition& condition, base::Instant now);
  // When Fatal may have something to say without any change; nullopt when nothing is pending.
  std::optional<base::Instant> fatal_at() const { return fatal_at_; }

 private:
  const StepContext& context_;
  ChangeSignal& signal_;
  LogCache logs_;
  std::vector<Cause> causes_;
  std::map<std::string, base::Instant> stuck_since_;
  std::optional<base::Instant> fatal_at_;
};

// All causes of what is wrong with `subject` (null: it is not there), read fresh.
std::vector<Cause> CausesBelow(const StepContext& context, const kube::Object* subject,
                               const base::Until& until);

// The same of a judgement that does not hold: for the report of a failure.
std::vector<Cause> CausesOf(const StepContext& context, const Wanted& wanted,
                            const Judgement& judgement, const base::Until& until);

}  // namespace trial
