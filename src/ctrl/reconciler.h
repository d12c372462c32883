#pragma once

// ctrl: what an operator is made of. A Controller hands names from a WorkQueue to a Reconciler, fed
// by kube::Stores; a Manager starts and stops the parts in order and says whether they are healthy;
// a LeaderLease lets one of several replicas work. Knows no VMAFx.
// https://kubernetes.io/docs/concepts/architecture/controller/

#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "kube/object.h"

namespace ctrl {

// What a successful reconcile asks for: nothing (wait for the next change), or a second look after
// a while.
struct Outcome {
  std::optional<base::Duration> again_after;

  static Outcome Done() { return {}; }
  static Outcome Again(base::Duration after) { return {after}; }
};

// Makes the world match one object. It gets a name and nothing else: it looks at the world, not at
// the message that woke it, so every call is safe to repeat and a lost event costs nothing.
class Reconciler {
 public:
  virtual ~Reconciler() = default;

  // Called from several threads, never twice at once for one key. An error is retried with
  // back-off. Blocks no longer than `until`.
  virtual base::Result<Outcome> Reconcile(const kube::Key& key, const base::Until& until) = 0;
};

}  // namespace ctrl
