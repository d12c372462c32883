#include "cluster/images/assemble.h"

#include <algorithm>

#include "base/text.h"
#include "cluster/images/ingredients.h"
#include "net/certificates.h"
#include "sys/files.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

struct Blob {
  std::string digest;
  std::string bytes;
};

struct Layer {
  Blob blob;
  std::vector<std::pair<size_t, std::string>> files;  // size and path
};

Blob MakeBlob(std::string bytes) {
  std::string digest = "sha256:" + net::Sha256Hex(bytes);
  return {std::move(digest), std::move(bytes)};
}

Json Descriptor(const Blob& blob, const char* media_type) {
  return {{"mediaType", media_type}, {"digest", blob.digest}, {"size", blob.bytes.size()}};
}

Result<Layer> MakeLayer(std::vector<Entry> entries) {
  Layer layer;
  for (const Entry& entry : entries) layer.files.emplace_back(entry.content.size(), entry.path);
  layer.blob = MakeBlob(TRY(MakeTar(std::move(entries))));
  return layer;
}

Result<Layer> GroundLayer(const ImageSpec& spec) {
  std::string users = "root:x:0:0:root:/:/sbin/nologin\n";
  std::string groups = "root:x:0:\n";
  if (spec.user != 0) {
    users += fmt::format("nonroot:x:{0}:{0}:nonroot:/:/sbin/nologin\n", spec.user);
    groups += fmt::format("nonroot:x:{}:\n", spec.user);
  }
  std::vector<Entry> entries = {
      {.path = "etc/passwd", .content = users},
      {.path = "etc/group", .content = groups},
      {.path = "etc/nsswitch.conf", .content = "hosts: files dns\n"},
      {.path = "tmp/", .mode = 01777},
  };
  if (spec.ca_certificates) {
    entries.push_back(
        {.path = &kCertificates[1],
         .content = TRY(
             sys::ReadFile(kCertificates).During("CA certificates (install ca-certificates)"))});
  }
  return MakeLayer(std::move(entries));
}

// Libraries go to the loader's own default folder under the name that programs ask for, so no
// ld.so.cache is needed.
Result<Layer> LibraryLayer(const std::vector<SharedLibrary>& libraries) {
  std::vector<Entry> entries;
  for (const SharedLibrary& library : libraries) {
    const bool loader = library.path == kLoader;
    entries.push_back({.path = loader ? &kLoader[1] : "lib/x86_64-linux-gnu/" + library.soname,
                       .content = TRY(sys::ReadFile(library.path)),
                       .mode = 0755});
  }
  return MakeLayer(std::move(entries));
}

Result<Entry> ProgramEntry(const std::filesystem::path& program) {
  return Entry{.path = "usr/local/bin/" + program.filename().string(),
               .content = TRY(sys::ReadFile(program)),
               .mode = 0755};
}

Result<Layer> ToolLayer(const ImageSpec& spec, const std::vector<std::filesystem::path>& tools) {
  std::vector<Entry> entries;
  for (const std::filesystem::path& tool : tools) entries.push_back(TRY(ProgramEntry(tool)));
  for (const ImageSpec::File& file : spec.files) {
    const std::string to = file.to.substr(file.to.find_first_not_of('/'));
    entries.push_back({.path = to, .content = TRY(sys::ReadFile(file.from)), .mode = file.mode});
  }
  return MakeLayer(std::move(entries));
}

Blob ConfigBlob(const ImageSpec& spec, const std::vector<Layer>& layers) {
  Json diff_ids = Json::array();
  for (const Layer& layer : layers)
    diff_ids.push_back(layer.blob.digest);  // uncompressed: the digest is the diff id
  Json config = {
      {"architecture", "amd64"},
      {"os", "linux"},
      {"config",
       {{"User", fmt::format("{0}:{0}", spec.user)},
        {"Entrypoint", {"/usr/local/bin/" + spec.program}},
        {"Env", {"PATH=/usr/local/bin:/usr/bin:/bin"}},
        {"WorkingDir", "/"}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}},
  };
  if (!spec.arguments.empty()) config["config"]["Cmd"] = spec.arguments;
  return MakeBlob(config.dump());
}

std::string Megabytes(size_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// Names what is large in an image that is larger than it may be.
Result<> CheckSize(const ImageSpec& spec, const std::vector<Layer>& layers) {
  size_t all = 0;
  std::vector<std::pair<size_t, std::string>> files;
  for (const Layer& layer : layers) {
    all += layer.blob.bytes.size();
    files.insert(files.end(), layer.files.begin(), layer.files.end());
  }
  if (spec.most_bytes == 0 || all <= spec.most_bytes) return base::Ok();
  std::sort(files.rbegin(), files.rend());
  std::vector<std::string> largest;
  for (size_t i = 0; i < std::min<size_t>(files.size(), 4); ++i)
    largest.push_back(fmt::format("/{} {}", files[i].second, Megabytes(files[i].first)));
  return Fail(Code::kInvalid, "image {} has {}, more than the {} that it may; the largest: {}",
              spec.repository, Megabytes(all), Megabytes(spec.most_bytes),
              base::Join(largest, ", "));
}

}  // namespace

std::string ShortName(const ImageSpec& spec) {
  return spec.repository.substr(spec.repository.rfind('/') + 1);
}

Result<AssembledImage> Assemble(const ImageSpec& spec, const ProgramFolders& programs,
                                const base::Until& until) {
  const Ingredients from = TRY(FindIngredients(spec, programs, until));
  std::vector<Layer> layers = {TRY(GroundLayer(spec).During(spec.repository))};
  if (!from.libraries.empty()) layers.push_back(TRY(LibraryLayer(from.libraries)));
  if (!from.tools.empty() || !spec.files.empty())
    layers.push_back(TRY(ToolLayer(spec, from.tools).During(spec.repository)));
  layers.push_back(TRY(MakeLayer({TRY(ProgramEntry(from.program))}).During(spec.repository)));
  TRY(CheckSize(spec, layers));
  const Blob config = ConfigBlob(spec, layers);

  AssembledImage image;
  Json manifest = {{"schemaVersion", 2},
                   {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                   {"config", Descriptor(config, "application/vnd.oci.image.config.v1+json")},
                   {"layers", Json::array()}};
  Archive archive;
  for (Layer& layer : layers) {
    manifest["layers"].push_back(Descriptor(layer.blob, "application/vnd.oci.image.layer.v1.tar"));
    image.size += layer.blob.bytes.size();
    archive.blobs.emplace(layer.blob.digest, std::move(layer.blob.bytes));
  }
  const Blob manifest_blob = MakeBlob(manifest.dump());
  const std::string tag = spec.tag.empty() ? "sha-" + manifest_blob.digest.substr(7, 12) : spec.tag;
  image.name = spec.repository + ":" + tag;
  image.digest = manifest_blob.digest;
  archive.blobs.emplace(config.digest, config.bytes);
  archive.blobs.emplace(manifest_blob.digest, manifest_blob.bytes);
  Json descriptor = Descriptor(manifest_blob, "application/vnd.oci.image.manifest.v1+json");
  descriptor["annotations"] = {{"io.containerd.image.name", image.name},
                               {"org.opencontainers.image.ref.name", tag}};
  archive.index = Json{
      {"schemaVersion", 2},
      {"mediaType", "application/vnd.oci.image.index.v1+json"},
      {"manifests",
       {descriptor}}}.dump();
  image.archive = TRY(PackArchive(archive, [](const std::string&) { return true; }));
  return image;
}

}  // namespace cluster::images
