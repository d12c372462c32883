#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/images/assemble.h"

namespace cluster::images {

// A folder of assembled images: one OCI archive each (called after the last part of the
// repository), and images.json which lists them.
struct CatalogImage {
  std::string repository;
  std::string tag;
  std::string digest;
  std::filesystem::path archive;
  size_t size = 0;        // of all layers
  std::string made_from;  // Fingerprint; empty: unknown
};

// Assembles all of `specs` into `folder` and writes its images.json last; other archives there are
// not listed any more. An image whose ingredients are as they were is not made anew, and an archive
// with the same content is left as it is. kInvalid: two of `specs` would have the same file.
base::Result<std::vector<CatalogImage>> WriteCatalog(const std::vector<ImageSpec>& specs,
                                                     const ProgramFolders& programs,
                                                     const std::filesystem::path& folder,
                                                     const base::Until& until);

// Reads images.json of `folder`. kNotFound says how to make it.
base::Result<std::vector<CatalogImage>> ReadCatalog(const std::filesystem::path& folder);

// What suites and charts need to name the images, by the last part of the repository:
//   SEATRIAL_IMAGE_VMAFX_OPERATOR=localhost/vmafx/vmafx-operator:sha-0123456789ab, and the same
//   with _REPOSITORY, _TAG.
std::map<std::string, std::string> CatalogEnvironment(const std::vector<CatalogImage>& images);

}  // namespace cluster::images
