#pragma once

#include <optional>

#include "base/clock.h"

namespace cluster::native {

// The commands that `seatrial` gives itself: "capsule-init" (init.h), "capsule-relay" (relay.h),
// "capsule-enter" (enter.h) and "engine-runc" (engine/runtime_wrapper.h). Called first thing in
// main(), before any thread: PID 1 of a node and what enters one have a single thread. Returns the
// exit status, or nullopt when argv is none of them.
std::optional<int> RunHiddenCommand(int argc, char** argv, base::Clock& clock);

}  // namespace cluster::native
