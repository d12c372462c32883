#pragma once

// The objects, events and log lines that diagnosis needs, from the cluster.

#include <map>
#include <string>

#include "trial/diagnose.h"
#include "trial/steps/context.h"
#include "trial/store_pool.h"

namespace trial {

// What has been read of logs already: a container's last words before a restart do not change.
using LogCache = std::map<std::string, std::string>;

// All about `subject` (null: nothing is there), read now. Kinds that may not be read are left out.
World ReadWorld(const StepContext& context, const kube::Object* subject, const base::Until& until);

// The same from watches, which are opened where they are not there yet: what has not come in yet is
// left out, and `signal` tells when it has. Does not wait for the cluster.
World WatchWorld(const StepContext& context, const kube::Object* subject, ChangeSignal& signal,
                 const base::Until& until);

// The objects that say what blocks the deletion of `object`, read now.
World ReadWorldOfDeletion(const StepContext& context, const kube::Object& object,
                          const base::Until& until);

// Adds the last lines of the logs that diagnosis could use: one request for each that is not in
// `cache`, at most three.
void AddLogs(const StepContext& context, const kube::Object* subject, World& world, LogCache& cache,
             const base::Until& until);

}  // namespace trial
