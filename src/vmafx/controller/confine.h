#pragma once

#include "vmafx/controller/identity.h"
#include "vmafx/controller/registry.h"

namespace vmafx::controller {

// The worker as its caller may be one: with its owner, and a worker of one namespace confined to
// that. kDenied: it says to be of another namespace, or another Pod, than its token.
base::Result<Worker> Confine(Worker worker, const Caller& caller);

}  // namespace vmafx::controller
