#pragma once

// Which cluster a command works on: one of ours by name, or one that a kubeconfig names.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/seatrial/clusters.h"
#include "app/seatrial/commands.h"
#include "kube/kubeconfig.h"
#include "trial/store_pool.h"

namespace app {

// Where a suite runs.
struct Target {
  kube::ClusterAccess access;
  std::string kubernetes_bin;  // for the PATH of commands; "": as it is
  trial::WatchScope scope = trial::WatchScope::kNamespace;
  std::map<std::string, std::string> environment;  // more variables for commands
  // What `access` was read from, for steps that name another context; empty inside a Pod.
  std::vector<std::filesystem::path> kubeconfig_files;
};

struct ClusterFlags {
  std::string cluster, kubeconfig, context, kubernetes_bin, state_dir = kStateDir;
  std::string as;  // the user that requests are made as, or ""
  // As kuttl: without a flag KUBECONFIG, else the service account of the Pod that we are in, else
  // ~/.kube/config. Otherwise only what is named.
  bool kuttl_defaults = false;

  // A flag names the cluster.
  bool named() const { return !cluster.empty() || !kubeconfig.empty(); }
};

// --cluster, --kubeconfig, --context, --kubernetes-bin, --state-dir, --as.
std::shared_ptr<ClusterFlags> AddClusterFlags(CLI::App& command);

// kInvalid when no cluster is named, or what is named cannot be used.
base::Result<Target> FindTarget(const ClusterFlags& flags, Context& context);

// The cluster `found`, which is ours, as a target.
base::Result<Target> OwnTarget(const cluster::Cluster& found, const ClusterFlags& flags);

}  // namespace app
