#pragma once

#include <filesystem>
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

// Makes the images of `archive` known to the node under their names; sends only blobs that it
// lacks, and nothing at all for an image that it has already. kUnavailable when containerd does not
// answer.
base::Result<std::vector<LoadedImage>> LoadArchive(const NodeRuntime& node, const Archive& archive,
                                                   const base::Until& until);

}  // namespace cluster::images
