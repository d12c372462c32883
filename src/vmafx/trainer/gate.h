#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmafx/trainer/learner.h"
#include "vmafx/trainer/student.h"

namespace vmafx::trainer {

// Pearson's linear correlation coefficient; 0 where it is not defined (fewer than two values, or
// one side without any spread). Never not a number for finite input.
double Plcc(std::span<const double> a, std::span<const double> b);

enum class GateResult { kPassed, kNotEnoughSamples, kRejected };
// "Passed", "NotEnoughSamples", "Rejected": lastStabilityGateResult.
std::string_view ToString(GateResult result);

struct Verdict {
  GateResult result = GateResult::kNotEnoughSamples;
  size_t samples = 0;    // of the slice
  double plcc = 0;       // of the candidate over it
  double last_plcc = 0;  // of the last stable model over the same
  std::string reason;    // for people, one line
};

// Fewer held-out samples, or scores that vary less than this (standard deviation), say nothing.
inline constexpr size_t kLeastHeldOut = 8;
inline constexpr double kLeastSpread = 1.0;
// How much worse than the last a candidate may be.
inline constexpr double kTolerance = 0.005;

// Whether `candidate` may be called stable. It must predict the scores of `held_out`, samples that
// no model was trained on, in order of arrival, at least as well as `last` but for kTolerance; and
// so over the first `known` of them alone, which were there when `last` passed: a flood of wrong
// samples must not vote for itself. A candidate that gives a number which is not finite is
// rejected however few samples there are.
Verdict Judge(const Student& candidate, const Student& last, std::span<const Sample> held_out,
              size_t known);

// Which of `recent` `last` finds wrong beyond what `held_out`'s first `known` samples explain:
// farther off than three times their root mean square error, and than 10 points. True for those;
// none where there are fewer than kLeastHeldOut to go by.
std::vector<bool> FindOutliers(const Student& last, std::span<const Sample> held_out, size_t known,
                               std::span<const Sample> recent);

}  // namespace vmafx::trainer
