#pragma once

// What the commands of seatrial share about clusters.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/seatrial/commands.h"
#include "cluster/provider.h"

namespace app {

constexpr char kStateDir[] = "/var/lib/seatrial";

// The native provider with its state in `state_dir`; its nodes' init is this very program.
std::unique_ptr<cluster::Provider> MakeProvider(Context& context, const std::string& state_dir);

// What commands of a suite get to know of the cluster of ours that it runs on: SEATRIAL (this
// program), SEATRIAL_CLUSTER, SEATRIAL_STATE_DIR, and a PATH on which this program is the first of
// its name.
std::map<std::string, std::string> ClusterEnvironment(const cluster::Cluster& target,
                                                      const std::string& state_dir);

// The first of this program's folder and a few above it that has `file`, with it; "" when none has:
// how a program finds the checkout that it was built in.
std::filesystem::path FindNearProgram(const std::filesystem::path& file);

// The folder of the Kubernetes programs: `given`, else the environment's SEATRIAL_KUBERNETES_BIN,
// else those installed beside this program (libexec/seatrial/kubernetes), else what
// tools/kubernetes/build of the checkout that it was built in has built.
// "" when there are none: then Up says how to get them.
std::filesystem::path FindKubernetes(const std::string& given, const base::Until& until);

// Loads the images of `paths` (OCI archives, or folders that `seatrial image assemble` wrote) into
// the node of `target`, and prints a line for each.
base::Result<> LoadImages(const cluster::Cluster& target, const std::vector<std::string>& paths,
                          const base::Until& until);

}  // namespace app
