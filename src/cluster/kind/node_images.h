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

// Puts the images of the archives onto those nodes that lack one of them, by `kind load`.
base::Result<> LoadMissing(const ContainerEngine& engine, KindCli& cli, const Cluster& cluster,
                           const std::vector<std::filesystem::path>& archives,
                           const Provider::Loaded& done, const base::Until& until);

}  // namespace cluster::kind
