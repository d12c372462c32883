#pragma once

// cluster/images: container images without Docker or a registry. OCI archives (image-spec v1.1,
// "image layout" in a tar) are assembled from programs, opened, listed, and loaded into a node's
// containerd. https://github.com/opencontainers/image-spec/blob/main/image-layout.md

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/images/tar.h"
#include "value/json.h"

namespace cluster::images {

// An OCI archive in memory: its images by name, and its blobs.
struct Archive {
  struct Image {
    std::string name;    // "localhost/app:tag": annotation io.containerd.image.name, else ref.name
    std::string digest;  // "sha256:..." of the manifest
    std::vector<std::string> blobs;  // digests: manifest, config, layers
  };
  std::vector<Image> images;
  std::map<std::string, std::string> blobs;  // digest -> bytes
  std::string index;                         // index.json as it was
};

// Reads and verifies: every blob's bytes have its digest. kNotFound; kInvalid says which file of
// the archive is wrong, or which goes beyond the TarLimits.
base::Result<Archive> OpenArchive(const std::filesystem::path& path);

// What is in an archive without its contents: `blobs` of the result holds those of less than 1 MB
// (manifests and configurations), and `sizes` all. Reads little of the file, and verifies nothing
// but that all is there. Errors as OpenArchive; only what is kept counts towards TarLimits::bytes.
struct ArchiveIndex {
  Archive archive;
  std::map<std::string, size_t> sizes;  // digest -> bytes
};
base::Result<ArchiveIndex> ReadArchiveIndex(const std::filesystem::path& path);

// The archive as tar bytes with only the blobs for which `wanted` is true; index.json and
// oci-layout are always there.
base::Result<std::string> PackArchive(const Archive& archive,
                                      const std::function<bool(const std::string& digest)>& wanted);

// All files of an image, layers applied in order: paths as in Entry, sorted; whiteouts obeyed.
// kInvalid names the layer that is no tar, or with which all of them go beyond `limits`.
base::Result<std::vector<std::string>> ListFiles(const Archive& archive,
                                                 const Archive::Image& image,
                                                 const TarLimits& limits = {});

// Writes all files of an image below `folder`, which must be empty or not there. Symbolic links are
// written as links; nothing is ever written outside of `folder`. Errors as ListFiles, before the
// first file is written.
base::Result<> Unpack(const Archive& archive, const Archive::Image& image,
                      const std::filesystem::path& folder, const TarLimits& limits = {});

}  // namespace cluster::images
