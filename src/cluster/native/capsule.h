#pragma once

// A capsule: one set of new PID, mount, network, UTS and IPC namespaces (namespaces(7)) whose PID 1
// is a small init of ours. Everything of a node is inside, so killing PID 1 is the clean-up: the
// kernel kills all its processes, and mounts, links, routes and firewall rules go with the last.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/fd.h"

namespace cluster::native {

struct CapsuleSpec {
  std::filesystem::path program;  // seatrial; its hidden command "capsule-init" becomes PID 1
  std::filesystem::path folder;   // the cluster's: an argument that tells inits apart
  std::filesystem::path log;      // what the init says
  int control = -1;               // the init's end of the channel (protocol.h)
  int lock = -1;                  // kept open by the init: the cluster's lock
};

struct Capsule {
  pid_t pid = -1;  // PID 1, as this process numbers it
  sys::Fd pidfd;
};

// Starts the init, in a session of its own, so that a Ctrl-C of the terminal does not reach it. It
// gets no other descriptor of this process, however that was opened.
// kDenied without the right to make namespaces. The descriptors stay the caller's.
base::Result<Capsule> StartCapsule(const CapsuleSpec& spec);

// Ends it (SIGKILL) and waits until all its processes are gone; `pidfd` is PID 1. Fine when it has
// ended already.
base::Result<> EndCapsule(int pidfd, const base::Until& until);

// The numbers at which the init finds its descriptors.
constexpr int kControlFd = 3;
constexpr int kLockFd = 4;

}  // namespace cluster::native
