#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vmafx::api {

// A repository of an OCI registry: "registry.films.svc:5000/models/vmafx".
// https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
struct Repository {
  std::string host;  // with its port, if any
  std::string path;  // "models/vmafx"
};

// kInvalid says what is wrong: no host, a scheme, upper case, a tag. The host is always given:
// there is no default registry.
base::Result<Repository> ReadRepository(std::string_view text);

// A tagged artifact: "registry.films.svc:5000/models/vmafx:v000003".
struct TaggedArtifact {
  Repository repository;
  std::string tag;
};
base::Result<TaggedArtifact> ReadTaggedArtifact(std::string_view text);

}  // namespace vmafx::api
