#pragma once

// The commands of a TestAssert: run again and again until all succeed.

#include <string>

#include "trial/steps/command.h"
#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// One wait's. `context` and `step` must outlive it. One thread.
class AssertCommands {
 public:
  AssertCommands(const StepContext& context, const Step& step) : context_(context), step_(step) {}

  bool any() const { return step_.check && !step_.check->commands.empty(); }
  size_t size() const { return any() ? step_.check->commands.size() : 0; }

  // Runs them in order up to the first that fails; true when all succeeded. New output is told as
  // lines of the step's story.
  bool Run(const base::Until& until);

  // Of the last complete run; passed before the first.
  const Outcome& outcome() const { return outcome_; }
  // The deadline cut the last run off.
  bool timed_out() const { return timed_out_; }

 private:
  void TellOutput(std::string output);

  const StepContext& context_;
  const Step& step_;
  Outcome outcome_;
  bool timed_out_ = false;
  std::string last_output_;
};

}  // namespace trial
