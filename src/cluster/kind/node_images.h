#pragma once

// Images and the nodes of kind: what a node is made of, and what a node is given.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/kind/engines.h"
#include "cluster/kind/kind_cli.h"
#include "cluster/provider.h"

namespace cluster::kind {

// The image that kind is to make nodes of: `spec.node_image`, a name or an archive for `docker
// load`; else, unless the configuration of `spec` names images itself, `built`, such an archive
// (what `make kind-node-image` made); else "", which leaves the choice to kind. An archive whose
// image the engine has already is not loaded again: a file `name` beside it tells its name.
// `progress` is told what was chosen.
base::Result<std::string> ChooseNodeImage(const ContainerEngine& engine, const ClusterSpec& spec,
                                          const std::filesystem::path& built,
                                          const Progress& progress, const base::Until& until);

// The containers of the cluster that are nodes of Kubernetes: not the balancer that kind puts in
// front of several control planes.
std::vector<std::string> KubernetesNodes(const Cluster& cluster);

// Puts the images of the archives onto those nodes that lack one of them, by `kind load`.
base::Result<> LoadMissing(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                           const std::vector<std::filesystem::path>& archives,
                           const Provider::Loaded& done, const base::Until& until);

// Puts images of the engine onto all nodes, by `kind load`; nothing when it lacks one (kNotFound).
// Needs room for one image at a time in the cluster's folder.
base::Result<> LoadNamed(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                         const std::vector<std::string>& names, const base::Until& until);

}  // namespace cluster::kind
