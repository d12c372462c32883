#include "trial/remote_files.h"

#include <algorithm>
#include <memory>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

namespace trial {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;
using base::Result;

constexpr size_t kMostBytes = size_t{1} << 30;
constexpr size_t kMostEntries = 100'000;
constexpr size_t kChunk = size_t{1} << 16;

struct FreeReader {
  void operator()(::archive* reader) const { archive_read_free(reader); }
};

// libarchive does not always say why.
base::Error Problem(::archive* reader) {
  const char* words = archive_error_string(reader);
  return Fail(Code::kInvalid, "not a tar archive: {}", words == nullptr ? "it is damaged" : words);
}

// Names that are not ASCII are a warning in the C locale, and are taken as the bytes they are.
bool Went(int status) {
  return status == ARCHIVE_OK || status == ARCHIVE_WARN;
}

// Does `path` lead to something below the folder that it starts in?
bool StaysInside(const fs::path& path) {
  if (path.empty() || path.is_absolute()) return false;
  const fs::path normal = path.lexically_normal();
  return normal.begin() == normal.end() || *normal.begin() != "..";
}

Result<std::string> ReadContent(::archive* reader, size_t room) {
  std::string content;
  char buffer[kChunk];
  for (;;) {
    const la_ssize_t got = archive_read_data(reader, buffer, sizeof buffer);
    if (got < 0) return Problem(reader);
    if (got == 0) return content;
    if (content.size() + static_cast<size_t>(got) > room)
      return Fail(Code::kInvalid, "it is larger than {} MiB", kMostBytes >> 20);
    content.append(buffer, static_cast<size_t>(got));
  }
}

// Links are made last, when nothing is written through them any more.
struct Link {
  fs::path path;
  fs::path target;
};

// Nothing is made below a link: whither that leads is known when all are there.
Result<> MakeLink(const Link& link, const fs::path& folder) {
  std::error_code error;
  fs::path parent = folder;
  for (const fs::path& part : link.path.parent_path().lexically_normal()) {
    parent /= part;
    if (fs::is_symlink(fs::symlink_status(parent, error)))
      return Fail(Code::kInvalid, "{} lies below a link", link.path.string());
  }
  fs::create_directories(parent, error);
  if (!error) fs::create_symlink(link.target, parent / link.path.filename(), error);
  if (error) return Fail(Code::kInvalid, "{}: {}", link.path.string(), error.message());
  return base::Ok();
}

// A link's words may stay inside while one that they pass leads out.
Result<> MakeLinks(const std::vector<Link>& links, const fs::path& folder) {
  for (const Link& link : links) TRY(MakeLink(link, folder));
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return Fail(Code::kInternal, "{}: {}", folder.string(), error.message());
  for (const Link& link : links) {
    const fs::path real = fs::weakly_canonical(folder / link.path, error);
    if (error) return Fail(Code::kInvalid, "{}: {}", link.path.string(), error.message());
    if (std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first != root.end())
      return Fail(Code::kInvalid, "{} is a link to {}", link.path.string(), link.target.string());
  }
  return base::Ok();
}

Result<> UnpackEntry(::archive* reader, archive_entry* header, const fs::path& folder,
                     std::vector<Link>& links, size_t& bytes) {
  const char* name = archive_entry_pathname(header);
  const fs::path path = name == nullptr ? "" : name;
  if (!StaysInside(path)) return Fail(Code::kInvalid, "it names \"{}\"", path.string());
  const auto type = archive_entry_filetype(header);
  if (type == AE_IFDIR) return sys::MakeDirs(folder / path);
  if (const char* target = type == AE_IFLNK ? archive_entry_symlink(header) : nullptr) {
    if (fs::path(target).is_absolute() || !StaysInside(path.parent_path() / target))
      return Fail(Code::kInvalid, "{} is a link to {}", path.string(), target);
    links.push_back({path, target});
    return base::Ok();
  }
  if (type != AE_IFREG || archive_entry_hardlink(header) != nullptr) return base::Ok();
  const std::string content = TRY(ReadContent(reader, kMostBytes - bytes));
  bytes += content.size();
  TRY(sys::MakeDirs((folder / path).parent_path()));
  const mode_t mode = (archive_entry_perm(header) & 0111) != 0 ? 0755 : 0644;
  return sys::WriteFileAtomically(folder / path, content, mode);
}

}  // namespace

bool IsUrl(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (text.starts_with(scheme) && text.size() > scheme.size()) return true;
  return false;
}

Result<> UnpackTar(std::string_view tar, const fs::path& folder) {
  const std::unique_ptr<::archive, FreeReader> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK)
    return Problem(reader.get());
  std::vector<Link> links;
  size_t bytes = 0;
  archive_entry* header = nullptr;
  int status = ARCHIVE_OK;
  for (size_t entries = 0; Went(status = archive_read_next_header(reader.get(), &header));
       ++entries) {
    if (entries == kMostEntries)
      return Fail(Code::kInvalid, "it has more than {} files", kMostEntries);
    TRY(UnpackEntry(reader.get(), header, folder, links, bytes));
  }
  if (status != ARCHIVE_EOF) return Problem(reader.get());
  return MakeLinks(links, folder);
}

Result<fs::path> RemoteFiles::Unpack(const std::string& url) {
  const std::string archive = TRY(fetch_(url));
  folders_.push_back(TRY(sys::TempDir::Make("seatrial-tests")));
  const std::string name = url.substr(0, url.find_first_of("?#"));
  fs::path folder = folders_.back().path() / fs::path(name).filename().stem();
  TRY(sys::MakeDirs(folder));
  TRY(UnpackTar(archive, folder).During(url));
  return folder;
}

}  // namespace trial
