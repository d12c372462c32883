#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace vmafx::node {

// Threads for a CPU limit as Kubernetes writes it: "2", "1500m", "0.5"; rounded up, 1 to 256.
// kInvalid for anything else.
base::Result<unsigned> ThreadsForLimit(const std::string& quantity);

// Threads for the CPU limit of this process's cgroup, version 2 (cpu.max) or 1
// (cpu.cfs_quota_us), below `cgroups` ("/sys/fs/cgroup"; inside a container that is its own). 1
// where there is no limit: whoever gives no limit has not said that the machine is ours.
// https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files
unsigned ThreadsForCgroup(const std::filesystem::path& cgroups);

}  // namespace vmafx::node
