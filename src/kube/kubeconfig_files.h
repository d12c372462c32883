#pragma once

// Several kubeconfig files as one, as kubectl reads a KUBECONFIG of more than one name.

#include <filesystem>
#include <string>
#include <vector>

#include "kube/kubeconfig.h"

namespace kube {

// The names in a KUBECONFIG ("a:b"), empty ones left out.
std::vector<std::filesystem::path> SplitKubeconfigNames(const std::string& names);

// The text of one kubeconfig that says what all the files say: of clusters, contexts and users with
// the same name the first counts, and so does the first current-context (`context` replaces it).
// File names in them become absolute. A file that is not there is left out, but not the last one
// left. https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
base::Result<std::string> MergeKubeconfigs(const std::vector<std::filesystem::path>& files,
                                           const std::string& context = "");

// MergeKubeconfigs and ReadKubeconfig.
base::Result<ClusterAccess> LoadKubeconfigs(const std::vector<std::filesystem::path>& files,
                                            const std::string& context = "");

}  // namespace kube
