#pragma once

// The files of a suite as YAML documents and manifests; what cannot be read is a problem with its
// place. No knowledge of steps: that is loader.h.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trial/fields.h"
#include "trial/suite.h"
#include "value/yaml.h"

namespace trial {

// Shared, because manifests keep the document that they came from: it knows their places.
using Documents = std::vector<std::shared_ptr<const value::Document>>;

// The place of a problem with a whole file or folder.
Place FileStart(const std::string& file);

// A file of at most 64 MiB; nullopt when it cannot be read, which is a problem.
std::optional<std::string> ReadText(const std::filesystem::path& path, Problems& problems);

// `name` is what problems call it: a file or a URL.
Documents ParseDocuments(std::string_view text, const std::string& name, Problems& problems);

// The documents of a file; none when it cannot be read, which is a problem.
Documents ReadDocuments(const std::filesystem::path& path, Problems& problems);

// Appends the object of a document, or those of its List. An object without apiVersion or kind is a
// problem and left out.
void AddManifests(const std::shared_ptr<const value::Document>& document,
                  std::vector<Manifest>& manifests, Problems& problems);

// What is in a directory, sorted by name: kuttl's order. A directory that cannot be read is a
// problem, and what was read of it until then is returned.
std::vector<std::filesystem::directory_entry> Entries(const std::filesystem::path& directory,
                                                      Problems& problems);

}  // namespace trial
