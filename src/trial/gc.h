#pragma once

// What runs left in a cluster that could not clean up themselves (kill -9, a machine that went
// down): found by the run's label and its Lease, and removed.

#include <optional>
#include <string>
#include <vector>

#include "kube/client.h"
#include "trial/run_lease.h"

namespace trial {

// A run that something in the cluster still carries the label of.
struct FoundRun {
  std::string id;
  // Nothing where there is no Lease to ask: removed only when it is named.
  std::optional<RunState> state = std::nullopt;
  std::vector<std::string> namespaces;
  bool has_lease = false;
};

// Two lists: Namespaces and the Leases of runs.
base::Result<std::vector<FoundRun>> FindRuns(kube::Client& client, const base::Until& until);

struct Removed {
  int namespaces = 0;
  int objects = 0;                   // outside of them
  std::vector<std::string> staying;  // what is still there, with what holds it
};

// Removes everything that carries the label of one of `runs`: objects outside of their namespaces
// (kinds that may not be listed are left out), then the namespaces, then, when all is verified
// gone, the Leases. Custom objects go before all others, CRDs after them.
base::Result<Removed> RemoveRuns(kube::Client& client, const std::vector<FoundRun>& runs,
                                 base::Log log, const base::Until& until);

}  // namespace trial
