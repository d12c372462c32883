#pragma once

// TestStep.delete: plain DELETE, then wait until the objects are gone.

#include <functional>
#include <vector>

#include "trial/steps/context.h"
#include "trial/suite.h"

namespace trial {

// Deletes what every spec names (an object by name; all with the labels; all of the kind) and waits
// until the last is gone. `until` is the step's deadline. What is still there then is named, with
// its finalizers.
Outcome Delete(const StepContext& context, const std::vector<DeleteSpec>& specs,
               const base::Until& until);

// An object that has to go.
struct Doomed {
  kube::Kind kind;
  kube::Key key;
  std::string uid;  // "": any object of that name counts
};

// Waits until all are gone; returns those that are not when `until` is over, as they are now.
// `on_waiting`, if any, is told those that are still there after each look, and once more when one
// notices that it takes time.
using OnWaiting = std::function<void(const std::vector<kube::Object>& left)>;
base::Result<std::vector<kube::Object>> AwaitGone(kube::Client& client, ChangeSignal& signal,
                                                  const std::vector<Doomed>& doomed,
                                                  const base::Until& until,
                                                  const OnWaiting& on_waiting = {});

}  // namespace trial
