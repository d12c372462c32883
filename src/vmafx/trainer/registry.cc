#include "vmafx/trainer/registry.h"

#include "base/text.h"
#include "net/certificates.h"

namespace vmafx::trainer {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;
using value::Json;

namespace {

constexpr int64_t kMostModelBytes = 64 << 20;
constexpr char kAnyBlobType[] = "application/octet-stream";
constexpr char kDigestHeader[] = "docker-content-digest";

// The registry's own words: {"errors": [{"code": …, "message": …}]}.
std::string Words(const net::Response& response) {
  const auto json = value::ParseJson(response.body);
  if (!json.ok()) return "";
  const std::string code = value::FindString(*json, {"errors", "0", "code"});
  return code.empty()
             ? ""
             : fmt::format(": {}: {}", code, value::FindString(*json, {"errors", "0", "message"}));
}

base::Error Unexpected(const net::Response& response, std::string_view doing) {
  const int status = response.status;
  const Code code = status == 404                        ? Code::kNotFound
                    : status == 401 || status == 403     ? Code::kDenied
                    : status == 429 || status / 100 == 5 ? Code::kUnavailable
                                                         : Code::kInvalid;
  return Fail(code, "{}: the registry answers {}{}", doing, status, Words(response));
}

Result<> CheckDigest(const net::Response& response, const std::string& digest,
                     std::string_view what) {
  const auto found = response.headers.find(kDigestHeader);
  if (found == response.headers.end() || found->second == digest) return base::Ok();
  return Fail(Code::kInternal, "{}: the registry stored {}, we sent {}", what, found->second,
              digest);
}

Json Describe(const char* type, std::string_view bytes) {
  return {{"mediaType", type}, {"digest", Digest(bytes)}, {"size", bytes.size()}};
}

Result<> PushBlob(RegistryAccess& registry, const std::string& bytes, const Until& until) {
  const std::string digest = Digest(bytes);
  const std::string doing = "pushing blob " + digest;
  const auto there = TRY(registry.Send({"HEAD"}, "blobs/" + digest, until));
  if (there.status == 200) return base::Ok();
  if (there.status != 404) return Unexpected(there, doing);

  const auto begun = TRY(registry.Send({"POST"}, "blobs/uploads/", until));
  const auto location = begun.headers.find("location");
  if (begun.status != 202 || location == begun.headers.end()) return Unexpected(begun, doing);
  net::Request put{"PUT", "", {{"content-type", kAnyBlobType}}, bytes};
  const char* separator = location->second.find('?') == std::string::npos ? "?" : "&";
  const auto done = TRY(registry.Send(
      std::move(put), location->second + separator + "digest=" + net::UrlEscape(digest), until));
  if (done.status != 201) return Unexpected(done, doing);
  return CheckDigest(done, digest, doing);
}

Result<ModelLayer> ReadLayer(const Json& descriptor) {
  const std::string digest = value::FindString(descriptor, {"digest"});
  const Json* size = value::Find(descriptor, {"size"});
  if (!digest.starts_with("sha256:") || digest.size() != 71 ||
      digest.find_first_not_of("0123456789abcdef", 7) != std::string::npos || size == nullptr ||
      !size->is_number_integer()) {
    return Fail(Code::kInvalid, "the manifest's layer has no SHA-256 digest or no size");
  }
  if (*size < 0 || *size > kMostModelBytes) {
    return Fail(Code::kInvalid, "the model has {} bytes, at most {} are read", size->dump(),
                kMostModelBytes);
  }
  return ModelLayer{digest, size->get<size_t>()};
}

Result<std::string> PullBlob(RegistryAccess& registry, const ModelLayer& layer,
                             const Until& until) {
  const std::string& digest = layer.digest;
  const auto response = TRY(registry.GetFollowing("blobs/" + digest, until));
  if (response.status != 200) return Unexpected(response, "pulling blob " + digest);
  if (response.body.size() != layer.size || Digest(response.body) != digest) {
    return Fail(Code::kInvalid, "blob {}: {} bytes came that are {}", digest, response.body.size(),
                Digest(response.body));
  }
  return response.body;
}

}  // namespace

std::string Digest(std::string_view bytes) {
  return "sha256:" + net::Sha256Hex(bytes);
}

std::string MakeManifest(const ModelArtifact& artifact) {
  Json layer = Describe(kModelLayerType, artifact.onnx);
  layer["annotations"] = {{"org.opencontainers.image.title", "model.onnx"}};
  const Json manifest = {{"schemaVersion", 2},
                         {"mediaType", kManifestType},
                         {"artifactType", kModelConfigType},
                         {"config", Describe(kModelConfigType, artifact.config)},
                         {"layers", Json::array({layer})},
                         {"annotations", artifact.annotations}};
  return manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ModelLayer> ReadManifest(std::string_view text) {
  const Json manifest = TRY(value::ParseJson(text));
  const Json* layers = value::Find(manifest, {"layers"});
  if (layers != nullptr && layers->is_array()) {
    for (const Json& layer : *layers)
      if (value::FindString(layer, {"mediaType"}) == kModelLayerType) return ReadLayer(layer);
  }
  return Fail(Code::kInvalid, "it is not a model: no layer of type {}", kModelLayerType);
}

Result<std::string> PushModel(RegistryAccess& registry, const ModelArtifact& artifact,
                              const std::vector<std::string>& tags, const Until& until) {
  TRY(PushBlob(registry, artifact.config, until));
  TRY(PushBlob(registry, artifact.onnx, until));
  const std::string manifest = MakeManifest(artifact);
  const std::string digest = Digest(manifest);
  for (const std::string& tag : tags) {
    const std::string doing = "pushing tag " + tag;
    net::Request put{"PUT", "", {{"content-type", kManifestType}}, manifest};
    const auto done = TRY(registry.Send(std::move(put), "manifests/" + tag, until));
    if (done.status != 201) return Unexpected(done, doing);
    TRY(CheckDigest(done, digest, doing));
  }
  return digest;
}

Result<PulledModel> PullModel(RegistryAccess& registry, const std::string& tag,
                              const Until& until) {
  net::Request get;
  get.headers["accept"] = kManifestType;
  const auto response = TRY(registry.Send(std::move(get), "manifests/" + tag, until));
  if (response.status != 200) return Unexpected(response, "pulling tag " + tag);
  PulledModel model;
  model.digest = Digest(response.body);
  TRY(CheckDigest(response, model.digest, "pulling tag " + tag));
  const ModelLayer layer = TRY(ReadManifest(response.body).During("the manifest of tag " + tag));
  model.onnx = TRY(PullBlob(registry, layer, until));
  return model;
}

}  // namespace vmafx::trainer
