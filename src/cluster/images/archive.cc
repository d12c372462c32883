#include "cluster/images/archive.h"

#include <algorithm>
#include <set>

#include "net/certificates.h"
#include "sys/files.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using value::Json;

constexpr size_t kLargestManifest = 1 << 20;

Result<Json> BlobAsJson(const Archive& archive, const std::string& digest) {
  const auto blob = archive.blobs.find(digest);
  if (blob == archive.blobs.end())
    return Fail(Code::kInvalid, "the archive has no blob {}", digest);
  return value::ParseJson(blob->second).During("blob " + digest);
}

std::string NameOf(const Json& descriptor) {
  for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    const std::string name = value::FindString(descriptor, {"annotations", key});
    if (!name.empty()) return name;
  }
  return "";
}

Result<Archive::Image> ReadImage(const Archive& archive, const Json& descriptor,
                                 const std::function<bool(const std::string&)>& has) {
  Archive::Image image{.name = NameOf(descriptor),
                       .digest = value::FindString(descriptor, {"digest"})};
  const Json manifest = TRY(BlobAsJson(archive, image.digest));
  image.blobs = {image.digest, value::FindString(manifest, {"config", "digest"})};
  if (const Json* layers = value::Find(manifest, {"layers"}); layers && layers->is_array()) {
    for (const Json& layer : *layers) image.blobs.push_back(value::FindString(layer, {"digest"}));
  }
  for (const std::string& digest : image.blobs) {
    if (!has(digest))
      return Fail(Code::kInvalid, "image {} needs blob {}, which is not in the archive", image.name,
                  digest);
  }
  return image;
}

constexpr std::string_view kWhiteout = ".wh.";

// The last part of a path, and "" of a folder's.
std::string_view NameIn(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

// `folder` is "" for the root, or ends with a slash.
void RemoveBelow(const std::string& folder, std::set<std::string>& files) {
  auto end = files.lower_bound(folder);
  const auto begin = end;
  while (end != files.end() && end->starts_with(folder)) ++end;
  files.erase(begin, end);
}

// A layer's whiteouts: ".wh.NAME" removes NAME, ".wh..wh..opq" empties its folder. They are about
// the layers below, wherever in the layer they stand.
// https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
void ApplyLayer(const std::vector<std::string>& layer, std::set<std::string>& files) {
  for (const std::string& path : layer) {
    const std::string_view name = NameIn(path);
    if (!name.starts_with(kWhiteout)) continue;
    const std::string folder = path.substr(0, path.size() - name.size());
    const std::string_view gone = name.substr(kWhiteout.size());
    if (gone == ".wh..opq") {
      RemoveBelow(folder, files);
    } else if (!gone.empty()) {
      files.erase(fmt::format("{}{}", folder, gone));
      RemoveBelow(fmt::format("{}{}/", folder, gone), files);
    }
  }
  for (const std::string& path : layer) {
    const std::string_view name = NameIn(path);
    if (!name.empty() && !name.starts_with(kWhiteout)) files.insert(path);
  }
}

// Parents count by their real path: a link that an earlier layer made must not lead outside.
Result<> CheckInside(const std::filesystem::path& target, const std::filesystem::path& folder) {
  std::error_code problem;  // links in a circle, names that are too long
  const auto parent = std::filesystem::weakly_canonical(target.parent_path(), problem);
  if (problem) return Fail(Code::kInvalid, "{}: {}", target.string(), problem.message());
  const auto root = std::filesystem::weakly_canonical(folder, problem);
  if (problem) return Fail(Code::kInvalid, "{}: {}", folder.string(), problem.message());
  if (std::mismatch(root.begin(), root.end(), parent.begin(), parent.end()).first == root.end())
    return base::Ok();
  return Fail(Code::kInvalid, "{} would be written outside of the folder", target.string());
}

Result<> MakeLink(const std::string& to, const std::filesystem::path& link) {
  std::error_code problem;
  std::filesystem::create_symlink(to, link, problem);
  if (problem) return Fail(Code::kInvalid, "{}: {}", link.string(), problem.message());
  return base::Ok();
}

Result<> UnpackEntry(const Entry& entry, const std::filesystem::path& folder) {
  const std::filesystem::path target = folder / entry.path;
  TRY(CheckInside(target, folder));
  if (entry.path.back() == '/') return sys::MakeDirs(target, entry.mode);
  TRY(sys::MakeDirs(target.parent_path()));
  if (!entry.link.empty()) return MakeLink(entry.link, target);
  return sys::WriteFileAtomically(target, entry.content, entry.mode);
}

// "" when the path is none of a blob.
std::string BlobDigest(const std::string& path) {
  constexpr std::string_view kBlobs = "blobs/sha256/";
  if (path.rfind(kBlobs, 0) != 0 || path.back() == '/') return "";
  return "sha256:" + path.substr(kBlobs.size());
}

// Fills in `images` from the index; `has` says whether a blob is in the file.
Result<> ReadImages(const std::filesystem::path& path, Archive& archive,
                    const std::function<bool(const std::string&)>& has) {
  if (archive.index.empty()) {
    return Fail(Code::kInvalid,
                "{}: no index.json: not an OCI archive (docker save of Docker 25 or newer writes "
                "one; older: skopeo copy docker-archive:... oci-archive:...)",
                path.string());
  }
  const Json index = TRY(value::ParseJson(archive.index).During(path.string() + ": index.json"));
  if (const Json* manifests = value::Find(index, {"manifests"});
      manifests && manifests->is_array()) {
    for (const Json& descriptor : *manifests)
      archive.images.push_back(TRY(ReadImage(archive, descriptor, has).During(path.string())));
  }
  if (archive.images.empty())
    return Fail(Code::kInvalid, "{}: index.json names no image", path.string());
  return base::Ok();
}

}  // namespace

Result<ArchiveIndex> ReadArchiveIndex(const std::filesystem::path& path) {
  ArchiveIndex result;
  TarBudget budget(TarLimits{});
  const auto visit = [&](const Entry& entry, size_t size, const TarContent& content) -> Result<> {
    const std::string digest = BlobDigest(entry.path);
    const bool kept = size <= kLargestManifest && (!digest.empty() || entry.path == "index.json");
    TRY(budget.Take(entry, kept ? size : 0));
    if (!digest.empty()) result.sizes[digest] = size;
    if (!kept) return base::Ok();
    std::string bytes = TRY(content(size));
    if (digest.empty()) {
      result.archive.index = std::move(bytes);
    } else {
      result.archive.blobs.emplace(digest, std::move(bytes));
    }
    return base::Ok();
  };
  TRY(WalkTarFile(path, visit));
  TRY(ReadImages(path, result.archive,
                 [&](const std::string& digest) { return result.sizes.contains(digest); }));
  return result;
}

Result<Archive> OpenArchive(const std::filesystem::path& path) {
  const std::string tar = TRY(sys::ReadFile(path, size_t{8} << 30));
  Archive archive;
  for (Entry& entry : TRY(ReadTar(tar).During(path.string()))) {
    if (entry.path == "index.json") archive.index = entry.content;
    const std::string digest = BlobDigest(entry.path);
    if (digest.empty()) continue;
    if ("sha256:" + net::Sha256Hex(entry.content) != digest) {
      return Fail(Code::kInvalid,
                  "{}: the content of {} does not have the digest of its name: the file is damaged",
                  path.string(), entry.path);
    }
    archive.blobs.emplace(digest, std::move(entry.content));
  }
  TRY(ReadImages(path, archive,
                 [&](const std::string& digest) { return archive.blobs.contains(digest); }));
  return archive;
}

Result<std::string> PackArchive(const Archive& archive,
                                const std::function<bool(const std::string&)>& wanted) {
  std::vector<Entry> entries = {
      {.path = "oci-layout", .content = R"({"imageLayoutVersion":"1.0.0"})"},
      {.path = "index.json", .content = archive.index}};
  for (const auto& [digest, bytes] : archive.blobs) {
    if (wanted(digest))
      entries.push_back(
          {.path = "blobs/sha256/" + digest.substr(digest.find(':') + 1), .content = bytes});
  }
  return MakeTar(std::move(entries));
}

Result<std::vector<std::string>> ListFiles(const Archive& archive, const Archive::Image& image,
                                           const TarLimits& limits) {
  std::set<std::string> files;
  TarBudget budget(limits);
  for (size_t i = 2; i < image.blobs.size(); ++i) {
    std::vector<std::string> paths;
    const auto visit = [&](const Entry& entry, size_t size, const TarContent&) -> Result<> {
      TRY(budget.Take(entry, size));
      paths.push_back(entry.path);
      return base::Ok();
    };
    TRY(WalkTar(archive.blobs.at(image.blobs[i]), visit).During("layer " + image.blobs[i]));
    ApplyLayer(paths, files);
  }
  return std::vector<std::string>(files.begin(), files.end());
}

Result<> Unpack(const Archive& archive, const Archive::Image& image,
                const std::filesystem::path& folder, const TarLimits& limits) {
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
    return Fail(Code::kExists, "{} is not empty", folder.string());
  const auto files = TRY(ListFiles(archive, image, limits));
  const std::set<std::string> wanted(files.begin(), files.end());
  for (size_t i = 2; i < image.blobs.size(); ++i) {
    const auto write = [&](Entry entry, size_t, const TarContent& content) -> Result<> {
      TRY(CheckPath(entry.path));
      if (entry.path.back() != '/' && !wanted.contains(entry.path)) return base::Ok();
      entry.content = TRY(content(SIZE_MAX));
      return UnpackEntry(entry, folder);
    };
    TRY(WalkTar(archive.blobs.at(image.blobs[i]), write).During("layer " + image.blobs[i]));
  }
  return base::Ok();
}

}  // namespace cluster::images
