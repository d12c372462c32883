#include "cluster/images/assemble.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/text.h"
#include "net/certificates.h"
#include "sys/files.h"
#include "sys/process.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

constexpr char kLoader[] = "/lib64/ld-linux-x86-64.so.2";
constexpr char kCertificates[] = "/etc/ssl/certs/ca-certificates.crt";

struct Blob {
  std::string digest;
  std::string bytes;
};

Blob MakeBlob(std::string bytes) {
  std::string digest = "sha256:" + net::Sha256Hex(bytes);
  return {std::move(digest), std::move(bytes)};
}

Json Descriptor(const Blob& blob, const char* media_type) {
  return {{"mediaType", media_type}, {"digest", blob.digest}, {"size", blob.bytes.size()}};
}

Result<Blob> GroundLayer(const ImageSpec& spec) {
  std::vector<Entry> entries = {
      {.path = "etc/passwd",
       .content = fmt::format(
           "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:{0}:{0}:nonroot:/:/sbin/nologin\n",
           spec.user)},
      {.path = "etc/group", .content = fmt::format("root:x:0:\nnonroot:x:{}:\n", spec.user)},
      {.path = "etc/nsswitch.conf", .content = "hosts: files dns\n"},
      {.path = "tmp/", .mode = 01777},
  };
  if (spec.ca_certificates) {
    entries.push_back(
        {.path = &kCertificates[1],
         .content = TRY(
             sys::ReadFile(kCertificates).During("CA certificates (install ca-certificates)"))});
  }
  return MakeBlob(TRY(MakeTar(std::move(entries))));
}

// Libraries go to the loader's own default folder under the name that programs ask for, so no
// ld.so.cache is needed.
Result<Blob> LibraryLayer(const std::vector<SharedLibrary>& libraries) {
  std::vector<Entry> entries;
  for (const SharedLibrary& library : libraries) {
    const bool loader = library.path == kLoader;
    entries.push_back({.path = loader ? &kLoader[1] : "lib/x86_64-linux-gnu/" + library.soname,
                       .content = TRY(sys::ReadFile(library.path)),
                       .mode = 0755});
  }
  return MakeBlob(TRY(MakeTar(std::move(entries))));
}

Result<Blob> ProgramLayer(const ImageSpec& spec, const std::filesystem::path& program) {
  std::vector<Entry> entries = {{.path = "usr/local/bin/" + spec.program,
                                 .content = TRY(sys::ReadFile(program)),
                                 .mode = 0755}};
  for (const ImageSpec::File& file : spec.files) {
    const std::string to = file.to.substr(file.to.find_first_not_of('/'));
    entries.push_back({.path = to, .content = TRY(sys::ReadFile(file.from)), .mode = file.mode});
  }
  return MakeBlob(TRY(MakeTar(std::move(entries))));
}

Blob ConfigBlob(const ImageSpec& spec, const std::vector<Blob>& layers) {
  Json diff_ids = Json::array();
  for (const Blob& layer : layers)
    diff_ids.push_back(layer.digest);  // uncompressed: the digest is the diff id
  const Json config = {
      {"architecture", "amd64"},
      {"os", "linux"},
      {"config",
       {{"User", fmt::format("{0}:{0}", spec.user)},
        {"Entrypoint", {"/usr/local/bin/" + spec.program}},
        {"Env", {"PATH=/usr/local/bin:/usr/bin:/bin"}},
        {"WorkingDir", "/"}}},
      {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}},
  };
  return MakeBlob(config.dump());
}

// Whether it is a program that asks for no dynamic loader (program header PT_INTERP, elf(5)). The
// loader itself is no judge of these: it crashes on those that are not position-independent.
bool IsStatic(std::string_view elf) {
  Elf64_Ehdr header;
  if (elf.size() < sizeof header) return false;
  std::memcpy(&header, elf.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part;
    const size_t at = header.e_phoff + i * sizeof part;
    if (at > elf.size() || elf.size() - at < sizeof part) return false;
    std::memcpy(&part, elf.data() + at, sizeof part);
    if (part.p_type == PT_INTERP) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<SharedLibrary>> SharedLibraries(const std::filesystem::path& program,
                                                   const base::Until& until) {
  if (IsStatic(TRY(sys::ReadFile(program)))) return std::vector<SharedLibrary>();
  const sys::Exit listed = TRY(sys::Run({.argv = {kLoader, "--list", program.string()}}, until));
  std::vector<SharedLibrary> libraries;
  if (listed.output.find("statically linked") != std::string::npos ||
      listed.output.find("not a dynamic executable") != std::string::npos)
    return libraries;
  if (!listed.ok())
    return Fail(Code::kInvalid, "{}: the dynamic loader cannot read it: {}", program.string(),
                base::Trim(listed.output));
  std::set<std::string> seen;
  for (const std::string& line : base::Split(listed.output, '\n')) {
    if (line.find("not found") != std::string::npos)
      return Fail(Code::kNotFound, "{} needs a library that is not installed: {}", program.string(),
                  base::Trim(line));
    const size_t arrow = line.find(" => ");
    const size_t end = line.rfind(" (0x");
    if (arrow == std::string::npos || end == std::string::npos || end < arrow) continue;
    const std::string soname(base::Trim(line.substr(0, arrow)));
    const std::string path = line.substr(arrow + 4, end - arrow - 4);
    if (soname != kLoader && seen.insert(soname).second) libraries.push_back({soname, path});
  }
  libraries.push_back({std::filesystem::path(kLoader).filename(), kLoader});
  return libraries;
}

Result<AssembledImage> Assemble(const ImageSpec& spec, const std::filesystem::path& programs,
                                const base::Until& until) {
  const std::filesystem::path program = programs / spec.program;
  if (!std::filesystem::exists(program)) {
    return Fail(Code::kNotFound, "image {}: no program {} (build it first: make build)",
                spec.repository, program.string());
  }
  std::vector<Blob> layers = {TRY(GroundLayer(spec).During(spec.repository))};
  if (const auto libraries = TRY(SharedLibraries(program, until)); !libraries.empty())
    layers.push_back(TRY(LibraryLayer(libraries)));
  layers.push_back(TRY(ProgramLayer(spec, program).During(spec.repository)));
  const Blob config = ConfigBlob(spec, layers);

  AssembledImage image;
  Json manifest = {{"schemaVersion", 2},
                   {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                   {"config", Descriptor(config, "application/vnd.oci.image.config.v1+json")},
                   {"layers", Json::array()}};
  Archive archive;
  for (const Blob& layer : layers) {
    manifest["layers"].push_back(Descriptor(layer, "application/vnd.oci.image.layer.v1.tar"));
    image.size += layer.bytes.size();
    archive.blobs.emplace(layer.digest, layer.bytes);
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
