#pragma once

#include <map>
#include <string>

#include "vmafx/trainer/registry_access.h"

namespace vmafx::trainer {

// https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
inline constexpr char kManifestType[] = "application/vnd.oci.image.manifest.v1+json";
inline constexpr char kModelConfigType[] = "application/vnd.vmafx.model.v1+json";  // also artifact
inline constexpr char kModelLayerType[] = "application/vnd.vmafx.model.onnx";

// A checkpoint as it lies in a registry.
struct ModelArtifact {
  std::string onnx;
  std::string config;                              // a JSON object
  std::map<std::string, std::string> annotations;  // of the manifest
};

// "sha256:…" of bytes.
std::string Digest(std::string_view bytes);

// The manifest of an artifact, byte for byte the same each time.
std::string MakeManifest(const ModelArtifact& artifact);

// The first layer of a manifest that holds a model.
struct ModelLayer {
  std::string digest;  // "sha256:" and 64 hexadecimal digits in lower case
  size_t size = 0;     // at most 64 MiB
};
// kInvalid: the text is no manifest, or not of a model of ours.
base::Result<ModelLayer> ReadManifest(std::string_view manifest);

// Pushes blobs that are not there yet, each in one request, then the manifest under each of `tags`
// in order. The manifest's digest. Digests that the registry answers with are checked: kInternal
// when one differs. kUnavailable: not reachable, or a status that another try may change; kDenied;
// kInvalid: it refuses what we send (the message has its words). After an error some of it may be
// there: push again.
base::Result<std::string> PushModel(RegistryAccess& registry, const ModelArtifact& artifact,
                                    const std::vector<std::string>& tags, const base::Until& until);

struct PulledModel {
  std::string digest;  // of the manifest
  std::string onnx;
};
// The model under `tag`. Every blob's size and digest are checked. kNotFound; kInvalid: it is not a
// model of ours, or not what its digest says.
base::Result<PulledModel> PullModel(RegistryAccess& registry, const std::string& tag,
                                    const base::Until& until);

}  // namespace vmafx::trainer
