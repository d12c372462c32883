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

// The joint provider with its state in `state_dir`; the init of its nodes is this very program.
// kind and the image of its nodes are what SEATRIAL_KIND_BIN (a folder) and
// SEATRIAL_KIND_NODE_IMAGE (an archive) name, else what tools/companions and tools/kind-node of the
// checkout that this program was built in have built; kind may also be on the PATH.
std::unique_ptr<cluster::Provider> MakeProvider(Context& context, const std::string& state_dir);

// Where the flags of AddProviderFlags put what they are given.
struct ProviderFlags {
  std::string& provider;
  std::string& kind_config;
  std::string& node_image;
};
// --provider, --kind-config and --node-image, for commands that start a cluster.
void AddProviderFlags(CLI::App& command, ProviderFlags flags);

// A line about what was chosen, for cluster::Progress::note.
void PrintNote(const std::string& note);

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

// The folder of Docker's programs: `given`, else the environment's SEATRIAL_DOCKER_BIN, else what
// tools/engine has found or fetched, else that of the PATH's dockerd. "" when there are none.
std::filesystem::path FindDocker(const std::string& given, const base::Until& until);

// Loads the images of `paths` (OCI archives, or folders that `seatrial image assemble` wrote) into
// the nodes of `target`, and prints a line for each.
base::Result<> LoadImages(cluster::Provider& provider, const cluster::Cluster& target,
                          const std::vector<std::string>& paths, const base::Until& until);

}  // namespace app
