#pragma once

// What a `kind create cluster` that was killed may have left running. kind dies with the seatrial
// that started it, but the engine's clients that kind started do not, and one that is just making a
// container finishes that: after a `kind delete cluster` of the same moment nobody would know of
// it.

#include <sys/types.h>

#include "base/clock.h"
#include "base/result.h"

namespace cluster::kind {

// Waits, at most 30 s, until no client of the process group `group` (0: there is none) is making a
// container. A group of that number that has nothing to do with kind is not waited for. kTimeout,
// kCancelled: one still is; the message names it.
base::Result<> AwaitContainers(pid_t group, const base::Until& until);

}  // namespace cluster::kind
