#pragma once

// When a wait is not worth going on. Pure.

#include <string>

#include "trial/condition.h"

namespace trial {

// Why `condition` can never hold any more, or "": the object that it names is in a state that
// Kubernetes never leaves (Job failed; Pod failed with restartPolicy Never; InvalidImageName) and
// that it does not itself ask for. Objects whose owner may put another one in their place do not
// count.
std::string Hopeless(const Condition& condition, const Judgement& judgement);

// Does `condition` itself ask for the state `word`, "Failed" or "ImagePullBackOff"?
bool AsksFor(const Condition& condition, const std::string& word);

}  // namespace trial
