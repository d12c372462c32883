#include "cluster/images/archive.h"

#include <algorithm>
#include <memory>
#include <set>

#include <archive.h>
#include <archive_entry.h>

#include "net/certificates.h"
#include "sys/files.h"

namespace cluster::images {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;
using value::Json;

struct FreeWriter {
  void operator()(::archive* writer) const { archive_write_free(writer); }
};
struct FreeReader {
  void operator()(::archive* reader) const { archive_read_free(reader); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

Error TarProblem(::archive* handle, std::string_view doing) {
  const char* text = archive_error_string(handle);
  return Fail(Code::kInvalid, "{}: {}", doing, text ? text : "unknown problem of libarchive");
}

// Names that are not ASCII are a warning in the C locale, and are taken as the bytes they are.
bool Went(int status) {
  return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

Result<> CheckPath(const std::string& path) {
  if (path.empty() || path.front() == '/')
    return Fail(Code::kInvalid, "path \"{}\" must be relative to the image's root", path);
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return Fail(Code::kInvalid, "path \"{}\" leaves the image", path);
  }
  return base::Ok();
}

// Directories that hold `entries` and are not among them, so that every unpacker makes them with
// the same mode.
std::vector<Entry> WithParents(std::vector<Entry> entries) {
  std::set<std::string> present;
  for (const Entry& entry : entries) present.insert(entry.path);
  std::vector<Entry> parents;
  for (const Entry& entry : entries) {
    const std::string own =
        entry.path.back() == '/' ? entry.path.substr(0, entry.path.size() - 1) : entry.path;
    for (size_t slash = own.find('/'); slash != std::string::npos;
         slash = own.find('/', slash + 1)) {
      const std::string parent = own.substr(0, slash + 1);
      if (present.insert(parent).second) parents.push_back({.path = parent, .mode = 0755});
    }
  }
  entries.insert(entries.end(), std::make_move_iterator(parents.begin()),
                 std::make_move_iterator(parents.end()));
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.path < b.path; });
  return entries;
}

Result<> WriteEntry(::archive* writer, const Entry& entry) {
  const std::unique_ptr<archive_entry, FreeEntry> header(archive_entry_new());
  const bool directory = entry.path.back() == '/';
  archive_entry_set_pathname(header.get(), entry.path.c_str());
  archive_entry_set_perm(header.get(), entry.mode);
  archive_entry_set_uid(header.get(), entry.owner);
  archive_entry_set_gid(header.get(), entry.owner);
  archive_entry_set_mtime(header.get(), 0, 0);
  archive_entry_set_filetype(header.get(), directory            ? AE_IFDIR
                                           : entry.link.empty() ? AE_IFREG
                                                                : AE_IFLNK);
  if (!entry.link.empty()) archive_entry_set_symlink(header.get(), entry.link.c_str());
  archive_entry_set_size(header.get(), static_cast<int64_t>(entry.content.size()));
  if (!Went(archive_write_header(writer, header.get())))
    return TarProblem(writer, "writing " + entry.path);
  if (!entry.content.empty() &&
      archive_write_data(writer, entry.content.data(), entry.content.size()) !=
          static_cast<la_ssize_t>(entry.content.size())) {
    return TarProblem(writer, "writing " + entry.path);
  }
  return base::Ok();
}

la_ssize_t AppendTo(::archive*, void* out, const void* data, size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

Result<std::string> ReadData(::archive* reader, size_t limit) {
  std::string content;
  char buffer[65536];
  while (true) {
    const la_ssize_t got = archive_read_data(reader, buffer, sizeof buffer);
    if (got < 0) return TarProblem(reader, "reading a tar");
    if (got == 0) return content;
    if (content.size() < limit)
      content.append(buffer, std::min<size_t>(got, limit - content.size()));
  }
}

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

// A layer's whiteouts: ".wh.NAME" removes NAME, ".wh..wh..opq" empties its folder.
void ApplyLayer(const std::vector<Entry>& layer, std::set<std::string>& files) {
  constexpr std::string_view kWhiteout = ".wh.";
  for (const Entry& entry : layer) {
    const size_t slash = entry.path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : entry.path.substr(0, slash + 1);
    const std::string name = entry.path.substr(folder.size());
    if (name.rfind(kWhiteout, 0) != 0) {
      if (entry.path.back() != '/') files.insert(entry.path);
      continue;
    }
    const std::string gone =
        name == ".wh..wh..opq" ? folder : folder + name.substr(kWhiteout.size());
    std::erase_if(files, [&](const std::string& file) {
      return file == gone || file.rfind(gone.back() == '/' ? gone : gone + "/", 0) == 0;
    });
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

// Files that a later layer removes are not among `wanted`, and are not written.
Result<> UnpackEntry(const Entry& entry, const std::set<std::string>& wanted,
                     const std::filesystem::path& folder) {
  TRY(CheckPath(entry.path));
  const std::filesystem::path target = folder / entry.path;
  TRY(CheckInside(target, folder));
  if (entry.path.back() == '/') return sys::MakeDirs(target, entry.mode);
  if (!wanted.count(entry.path)) return base::Ok();
  TRY(sys::MakeDirs(target.parent_path()));
  if (!entry.link.empty()) return MakeLink(entry.link, target);
  return sys::WriteFileAtomically(target, entry.content, entry.mode);
}

std::unique_ptr<::archive, FreeReader> MakeReader() {
  std::unique_ptr<::archive, FreeReader> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_zstd(reader.get());
  return reader;
}

// Calls take(entry without content, size) for each; take may read the content.
template <typename Take>
Result<> ForEachEntry(::archive* reader, Take&& take) {
  archive_entry* header = nullptr;
  int status;
  while (Went(status = archive_read_next_header(reader, &header))) {
    const char* path = archive_entry_pathname(header);
    if (path == nullptr) return Fail(Code::kInvalid, "reading a tar: an entry has no name");
    Entry entry{.path = path,
                .mode = static_cast<int>(archive_entry_perm(header)),
                .owner = static_cast<int>(archive_entry_uid(header))};
    while (entry.path.rfind("./", 0) == 0) entry.path.erase(0, 2);
    if (const char* link = archive_entry_symlink(header)) entry.link = link;
    if (archive_entry_filetype(header) == AE_IFDIR && !entry.path.empty() &&
        entry.path.back() != '/')
      entry.path += '/';
    if (!entry.path.empty())
      TRY(take(std::move(entry), static_cast<size_t>(archive_entry_size(header))));
  }
  if (status != ARCHIVE_EOF) return TarProblem(reader, "reading a tar");
  return base::Ok();
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

Result<std::string> MakeTar(std::vector<Entry> entries) {
  for (const Entry& entry : entries) TRY(CheckPath(entry.path));
  entries = WithParents(std::move(entries));
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const Entry& a, const Entry& b) { return a.path == b.path; });
  if (twice != entries.end())
    return Fail(Code::kInvalid, "path \"{}\" is given twice", twice->path);

  std::string tar;
  const std::unique_ptr<::archive, FreeWriter> writer(archive_write_new());
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_set_bytes_per_block(writer.get(), 0);
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  if (archive_write_open(writer.get(), &tar, nullptr, AppendTo, nullptr) != ARCHIVE_OK)
    return TarProblem(writer.get(), "starting a tar");
  for (const Entry& entry : entries) TRY(WriteEntry(writer.get(), entry));
  if (archive_write_close(writer.get()) != ARCHIVE_OK)
    return TarProblem(writer.get(), "closing a tar");
  return tar;
}

Result<std::vector<Entry>> ReadTar(std::string_view tar, size_t content_limit) {
  const auto reader = MakeReader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK)
    return TarProblem(reader.get(), "opening a tar");
  std::vector<Entry> entries;
  TRY(ForEachEntry(reader.get(), [&](Entry entry, size_t) -> Result<> {
    entry.content = TRY(ReadData(reader.get(), content_limit));
    entries.push_back(std::move(entry));
    return base::Ok();
  }));
  return entries;
}

Result<ArchiveIndex> ReadArchiveIndex(const std::filesystem::path& path) {
  const auto reader = MakeReader();
  if (!std::filesystem::exists(path))
    return Fail(Code::kNotFound, "{}: no such file", path.string());
  constexpr size_t kBlock = 64 * 1024;
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
    return TarProblem(reader.get(), path.string());
  ArchiveIndex result;
  const auto take = [&](Entry entry, size_t size) -> Result<> {
    const std::string digest = BlobDigest(entry.path);
    if (!digest.empty()) result.sizes[digest] = size;
    if (size > kLargestManifest) return base::Ok();  // skipped, not read
    if (entry.path == "index.json") result.archive.index = TRY(ReadData(reader.get(), size));
    if (!digest.empty()) result.archive.blobs.emplace(digest, TRY(ReadData(reader.get(), size)));
    return base::Ok();
  };
  TRY(ForEachEntry(reader.get(), take).During(path.string()));
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

Result<std::vector<std::string>> ListFiles(const Archive& archive, const Archive::Image& image) {
  std::set<std::string> files;
  for (size_t i = 2; i < image.blobs.size(); ++i) {
    ApplyLayer(TRY(ReadTar(archive.blobs.at(image.blobs[i]), 0).During("layer " + image.blobs[i])),
               files);
  }
  return std::vector<std::string>(files.begin(), files.end());
}

Result<> Unpack(const Archive& archive, const Archive::Image& image,
                const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
    return Fail(Code::kExists, "{} is not empty", folder.string());
  const auto files = TRY(ListFiles(archive, image));
  const std::set<std::string> wanted(files.begin(), files.end());
  for (size_t i = 2; i < image.blobs.size(); ++i) {
    for (const Entry& entry : TRY(ReadTar(archive.blobs.at(image.blobs[i]))))
      TRY(UnpackEntry(entry, wanted, folder));
  }
  return base::Ok();
}

}  // namespace cluster::images
