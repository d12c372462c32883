#pragma once

// `outputs` of a TestAssert: fields of objects that become variables.

#include "trial/steps/context.h"
#include "trial/suite.h"
#include "trial/variables.h"

namespace trial {

// Reads every field fresh. One that is not there, or a path that leads to several, is a failure.
Outcome ReadOutputs(const StepContext& context, const std::vector<OutputSpec>& outputs,
                    Variables& variables, const base::Until& until);

}  // namespace trial
