#pragma once

// The account of a wait that has ended without success: everything that did not hold, and why.

#include <vector>

#include "trial/history.h"
#include "trial/steps/expressions.h"
#include "trial/steps/round.h"
#include "trial/steps/timeline.h"

namespace trial {

// What a wait knows at its end. References, for the time of one call.
struct WaitAccount {
  const std::vector<Wanted>& wanted;
  size_t first_ref;    // of `wanted`: where the objects of expressions begin
  const Round& round;  // the last look
  const Expressions& expressions;
  const Timeline::View& time;
  const FieldHistory& history;
  const Outcome& commands;  // of their last run
};

// A failure for each condition, expression, time and command that is not as it should be; none
// where all holds. Reads what diagnosis needs.
Outcome ExplainWait(const StepContext& context, const WaitAccount& account,
                    const base::Until& until);

}  // namespace trial
