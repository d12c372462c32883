#pragma once

// One look at everything that a step waits for.

#include <algorithm>
#include <string>
#include <vector>

#include "trial/steps/view.h"

namespace trial {

// All judgements of one look, one for each Wanted.
struct Round {
  std::vector<Judgement> judgements;
  size_t holding = 0;

  bool all() const { return holding == judgements.size(); }
  // Could one of them not even be looked at?
  bool failed_to_look() const {
    return std::any_of(judgements.begin(), judgements.end(),
                       [](const Judgement& judgement) { return judgement.error.has_value(); });
  }
};

// What is waited for and how far from it we are, as messages say it: "Deployment kuttl-x/web",
// ".status.readyReplicas: expected 3, found 1".
std::string SubjectOf(const Wanted& wanted);
std::string MissOf(const Wanted& wanted, const Judgement& judgement);

}  // namespace trial
