#pragma once

// Reading the candidates of conditions: fresh from the API server, or from the watches.

#include "trial/condition.h"
#include "trial/demand.h"
#include "trial/steps/context.h"

namespace trial {

// A condition and what discovery said about its kind; a kind that the cluster does not serve (yet)
// has no objects.
struct Wanted {
  Manifest manifest;
  Condition::Want want;
  std::optional<Condition> condition;  // set once the kind is known
  std::string ns = {};                 // of a namespaced object that names none; "": the test's
  std::shared_ptr<const Demand> demand = {};  // of kMatch
};

// Tries to make the condition of those that have none. Errors but an unknown kind are returned.
base::Result<> Resolve(kube::Client& client, const std::string& test_ns, Wanted& wanted,
                       const base::Until& until);

// One GET or LIST.
base::Result<std::vector<kube::ObjectPtr>> ReadFresh(kube::Client& client,
                                                     const Condition& condition,
                                                     const base::Until& until);

// From the watch of the kind. Fresh where watching is denied or the watch has lost its connection:
// `current` is false then, and no change will announce itself.
struct Watched {
  std::vector<kube::ObjectPtr> objects;
  bool current = true;
  bool denied = false;
};
base::Result<Watched> ReadWatched(const StepContext& context, const Condition& condition,
                                  const base::Until& until);

enum class Freshness { kWatched, kFresh };

}  // namespace trial
