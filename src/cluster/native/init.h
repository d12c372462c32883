#pragma once

#include "base/clock.h"
#include "base/log.h"

namespace cluster::native {

// PID 1 of a node: `seatrial capsule-init FOLDER`, started by StartCapsule. One thread. Makes the
// node's view of the machine as the first message says, then starts what it is told to, restarts
// services that end (after 0.1 s, doubling to 10 s while they do not last), reaps what others
// leave, and reports on the control channel:
//
//   in:   {"do": "boot", "folder", "hostName", "keep": [], "globalSysctls": {},
//          "networkSysctls": {}}
//         {"do": "start", "component": {}}  with the component's descriptors, which become 3, 4,
//         ...
//         {"do": "hand-over", "tied"}       the start is complete; unless tied, live on without the
//                                           channel from now on
//   out:  {"event": "booted"}
//         {"event": "failed", "message"}    the boot went wrong; the init ends
//         {"event": "started", "name", "pid"}
//         {"event": "exited", "name", "how", "ok", "restarts"}
//         {"event": "handed-over"}          components.json is there
//
// After hand-over, components.json of the state folder says the same, and no more events are told.
// Ends the node, by returning, at SIGTERM and when the channel closes, unless it was handed over
// untied. Returns the exit status.
int RunInit(base::Clock& clock, const base::Log& log);

}  // namespace cluster::native
