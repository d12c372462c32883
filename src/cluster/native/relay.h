#pragma once

#include "base/log.h"

namespace cluster::native {

// The way from the machine to a node's API server. A socket keeps the network namespace that it was
// made in: `listener` was made on the machine by `up` and is accepted on here, inside the node,
// where 127.0.0.1:`port` is the API server. One thread; bytes are passed on as they are, each
// direction ends by itself. A connection that cannot be made inside is closed at once outside.
// Returns, with the exit status, only when the listener fails.
int RunRelay(int listener, int port, const base::Log& log);

}  // namespace cluster::native
