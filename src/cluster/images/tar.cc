#include "cluster/images/tar.h"

#include <algorithm>
#include <memory>
#include <set>

#include <archive.h>
#include <archive_entry.h>

namespace cluster::images {
namespace {

using base::Code;
using base::Error;
using base::Fail;
using base::Result;

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

std::unique_ptr<::archive, FreeReader> MakeReader() {
  std::unique_ptr<::archive, FreeReader> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_zstd(reader.get());
  return reader;
}

Result<std::string> ReadContent(::archive* reader, const std::string& path, size_t size,
                                size_t limit) {
  std::string content;
  char buffer[65536];
  while (content.size() < limit) {
    const la_ssize_t got = archive_read_data(reader, buffer, sizeof buffer);
    if (got < 0) return TarProblem(reader, "reading a tar");
    if (got == 0) break;
    content.append(buffer, static_cast<size_t>(got));
    if (content.size() > size) {  // by holes that begin behind the end
      return Fail(Code::kInvalid, "{}: its content is longer than the {} bytes that it says", path,
                  size);
    }
  }
  if (content.size() > limit) content.resize(limit);
  return content;
}

Entry EntryOf(archive_entry* header, const char* path) {
  Entry entry{.path = path,
              .mode = static_cast<int>(archive_entry_perm(header)),
              .owner = static_cast<int>(archive_entry_uid(header))};
  while (entry.path.rfind("./", 0) == 0) entry.path.erase(0, 2);
  if (const char* link = archive_entry_symlink(header)) entry.link = link;
  if (archive_entry_filetype(header) == AE_IFDIR && !entry.path.empty() && entry.path.back() != '/')
    entry.path += '/';
  return entry;
}

Result<> Walk(::archive* reader, const TarVisitor& visit) {
  archive_entry* header = nullptr;
  int status;
  while (Went(status = archive_read_next_header(reader, &header))) {
    const char* path = archive_entry_pathname(header);
    if (path == nullptr) return Fail(Code::kInvalid, "reading a tar: an entry has no name");
    Entry entry = EntryOf(header, path);
    if (entry.path.empty()) continue;
    const auto size = static_cast<size_t>(archive_entry_size(header));
    const std::string name = entry.path;
    TRY(visit(std::move(entry), size,
              [&](size_t limit) { return ReadContent(reader, name, size, limit); }));
  }
  if (status != ARCHIVE_EOF) return TarProblem(reader, "reading a tar");
  return base::Ok();
}

}  // namespace

Result<> CheckPath(const std::string& path) {
  if (path.empty() || path.front() == '/')
    return Fail(Code::kInvalid, "path \"{}\" must be relative to the image's root", path);
  for (const auto& part : std::filesystem::path(path)) {
    if (part == "..") return Fail(Code::kInvalid, "path \"{}\" leaves the image", path);
  }
  return base::Ok();
}

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

Result<> TarBudget::Take(const Entry& entry, size_t content) {
  if (++entries_ > limits_.entries) {
    return Fail(Code::kInvalid, "{}: it is one entry more than the {} that are read", entry.path,
                limits_.entries);
  }
  const size_t names = entry.path.size() + entry.link.size();
  const size_t left = limits_.bytes - bytes_;
  if (names > left || content > left - names) {
    return Fail(Code::kInvalid,
                "{}: with its {} bytes the names and contents are more than the {} bytes that are "
                "read",
                entry.path, content, limits_.bytes);
  }
  bytes_ += names + content;
  return base::Ok();
}

Result<> WalkTar(std::string_view tar, const TarVisitor& visit) {
  const auto reader = MakeReader();
  if (archive_read_open_memory(reader.get(), tar.data(), tar.size()) != ARCHIVE_OK)
    return TarProblem(reader.get(), "opening a tar");
  return Walk(reader.get(), visit);
}

Result<> WalkTarFile(const std::filesystem::path& path, const TarVisitor& visit) {
  const auto reader = MakeReader();
  if (!std::filesystem::exists(path))
    return Fail(Code::kNotFound, "{}: no such file", path.string());
  constexpr size_t kBlock = 64 * 1024;
  if (archive_read_open_filename(reader.get(), path.c_str(), kBlock) != ARCHIVE_OK)
    return TarProblem(reader.get(), path.string());
  return Walk(reader.get(), visit).During(path.string());
}

Result<std::vector<Entry>> ReadTar(std::string_view tar, size_t content_limit,
                                   const TarLimits& limits) {
  std::vector<Entry> entries;
  TarBudget budget(limits);
  TRY(WalkTar(tar, [&](Entry entry, size_t size, const TarContent& content) -> Result<> {
    TRY(budget.Take(entry, size));
    entry.content = TRY(content(content_limit));
    entries.push_back(std::move(entry));
    return base::Ok();
  }));
  return entries;
}

}  // namespace cluster::images
