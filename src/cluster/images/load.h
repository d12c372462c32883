#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/images/archive.h"

namespace cluster::images {

// How to reach a node's containerd: its own client program and its socket, both as seen from here.
struct NodeRuntime {
  std::filesystem::path ctr;
  std::filesystem::path socket;
};

struct LoadedImage {
  std::string name;
  size_t sent_bytes = 0;  // of blobs that the node lacked
  size_t sent_blobs = 0;
  size_t kept_blobs = 0;  // the node had them
};

// Makes the images of the OCI archives known to the node under their names, one after the other;
// `done` is told of each image. Sends only blobs that the node lacks, and nothing at all for an
// image that it has already. kUnavailable when containerd does not answer; kNotFound, kInvalid name
// the archive that is not there or not one. The node verifies all digests.
base::Result<> LoadArchives(const NodeRuntime& node,
                            const std::vector<std::filesystem::path>& archives,
                            const std::function<void(const LoadedImage&)>& done,
                            const base::Until& until);

}  // namespace cluster::images
