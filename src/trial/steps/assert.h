#pragma once

// The waiting half of a step: asserts, errors and assert commands must hold, all at once.

#include "trial/steps/command.h"
#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// Waits until every assert object is there, no errors object is, and all assert commands succeed,
// all in one round, or until `until` (the step's deadline) is over. The first look reads everything
// fresh; if that is not enough it looks again whenever something changed (watches), and before the
// step passes everything is read fresh once more. Commands run when the objects are as wanted,
// again after a change or, without one, after 0.1 s growing to 1 s. Ends early when an assert can
// never hold any more. Tells what it waits for as WaitProgress.
Outcome AwaitAsserts(const StepContext& context, const Step& step, const base::Until& until);

}  // namespace trial
