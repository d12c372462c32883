#pragma once

// Under sudo, what is made for the calling user belongs to the calling user.

#include <sys/types.h>

#include <filesystem>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/provider.h"

namespace app {

struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Who called sudo: SUDO_UID and SUDO_GID, where this process is root by them. nullopt for root
// itself, for others, and where the variables make no sense.
std::optional<Owner> CallingUser();

// The cluster's folder, kubeconfigs, record and logs, and its lock, so that `seatrial kubeconfig`,
// `status` and `test --cluster` work without sudo. Keys and data stay root's.
base::Result<> GiveCluster(const Owner& owner, const cluster::Cluster& cluster,
                           const std::filesystem::path& state_dir);

// `path` and, where it is a folder, all below it that is root's and was changed since `since`: what
// this run wrote. Links are given, never followed. Fine when there is nothing of that name.
base::Result<> GiveNew(const Owner& owner, const std::filesystem::path& path, base::WallTime since);

}  // namespace app
