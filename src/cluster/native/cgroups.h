#pragma once

// One cgroup for a cluster's Pods in every hierarchy of this machine: version 1, version 2, or both
// (https://docs.kernel.org/admin-guide/cgroup-v1/cgroups.html, .../cgroup-v2.html). The only things
// that a cluster makes outside its own namespaces; empty directories once it has ended.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sys/mounts.h"

namespace cluster::native {

struct Hierarchy {
  std::filesystem::path root;
  bool version2 = false;
  bool cpuset = false;  // version 1, with the controller that needs its values copied
};

// The cgroup file systems among `mounts`, each once.
std::vector<Hierarchy> Hierarchies(const std::vector<sys::MountEntry>& mounts);

// Makes `name` below each root, fit for the kubelet's `cgroupRoot`. What is there already is used.
base::Result<> MakeCgroups(const std::vector<Hierarchy>& hierarchies, const std::string& name);

// Removes `name` and all below it, which must be without processes; those that are just dying are
// waited for. Fine when it is not there.
base::Result<> RemoveCgroups(const std::vector<Hierarchy>& hierarchies, const std::string& name,
                             const base::Until& until);

}  // namespace cluster::native
