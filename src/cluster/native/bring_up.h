#pragma once

// The start of a one-node cluster: one list of what is started when, and what is waited for.

#include "base/clock.h"
#include "base/result.h"
#include "cluster/native/capsule.h"
#include "cluster/native/components.h"
#include "cluster/native/protocol.h"
#include "cluster/provider.h"

namespace cluster::native {

struct BringUp {
  const ClusterSpec& spec;
  const NodeSpec& node;
  const Capsule& capsule;
  int channel;                              // our end to the init
  int listener;                             // the API server's socket on the machine, for the relay
  int api_port;                             // its port
  std::vector<std::filesystem::path> keep;  // folders that the node needs at their own paths
  base::Instant begin;                      // of Up: what the start table counts from
  const Progress& progress;
};

// Makes keys and files, starts all that the level asks for and waits for it: each component as soon
// as what it needs is there. Returns the start table and the server's version. On failure the
// capsule is left to the caller; the error names what failed and the end of its log.
struct Started {
  std::vector<StartRow> table;
  std::string version;
};
base::Result<Started> RunBringUp(const BringUp& plan, const base::Until& until);

}  // namespace cluster::native
