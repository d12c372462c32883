#include "vmafx/node/fetch_scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <vector>

#include "sys/error.h"
#include "sys/fd.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr size_t kPiece = 256 << 10;

std::string OwnPath(const sys::Fd& file) {
  return fmt::format("/proc/self/fd/{}", file.get());
}

// Not every file system has O_TMPFILE.
Result<sys::Fd> OpenNameless(const std::filesystem::path& folder) {
  sys::Fd file(open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.valid()) return file;
  std::string name = folder / "fetch.XXXXXX";
  file = sys::Fd(mkostemp(name.data(), O_CLOEXEC));
  if (!file.valid())
    return sys::SystemError(errno, fmt::format("scratch folder {}", folder.string()));
  unlink(name.c_str());
  return file;
}

Result<> CheckRoom(const Fetch& fetch, const ScratchOptions& options) {
  const auto size = fetch.size();
  if (!size) return base::Ok();
  if (*size > options.limit) {
    return Fail(Code::kInvalid,
                "{}: has {} bytes, and a file that must be decoded may have {} here "
                "(VMAFX_SCRATCH_LIMIT)",
                fetch.name(), *size, options.limit);
  }
  struct statvfs room {};
  if (statvfs(options.folder.c_str(), &room) != 0) {
    return sys::SystemError(errno, fmt::format("scratch folder {}", options.folder.string()));
  }
  const uint64_t free = uint64_t{room.f_bavail} * room.f_frsize;
  if (*size <= free) return base::Ok();
  return Fail(Code::kInvalid,
              "{}: has {} bytes, and the scratch folder {} has room for {}: give the "
              "worker more",
              fetch.name(), *size, options.folder.string(), free);
}

Result<> WriteAll(const sys::Fd& file, const uint8_t* bytes, size_t count, const Fetch& fetch) {
  while (count > 0) {
    const ssize_t wrote = write(file.get(), bytes, count);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == ENOSPC) {
      return Fail(Code::kInvalid,
                  "{}: does not fit into the scratch folder: give the worker more room",
                  fetch.name());
    }
    if (wrote < 0) return sys::SystemError(errno, "writing to the scratch folder");
    bytes += wrote;
    count -= static_cast<size_t>(wrote);
  }
  return base::Ok();
}

Result<> CopyAll(Fetch& fetch, const sys::Fd& file, uint64_t limit, const base::Until& until) {
  std::vector<uint8_t> piece(kPiece);
  uint64_t total = 0;
  while (true) {
    const size_t got = TRY(fetch.Read(piece.data(), piece.size(), until));
    if (got == 0) return base::Ok();
    total += got;
    if (total > limit) {
      return Fail(Code::kInvalid,
                  "{}: is larger than the {} bytes that a file which must be decoded may have here "
                  "(VMAFX_SCRATCH_LIMIT)",
                  fetch.name(), limit);
    }
    TRY(WriteAll(file, piece.data(), got, fetch));
  }
}

}  // namespace

Result<scoring::Input> FetchToScratch(Fetch& fetch, const ScratchOptions& options,
                                      const base::Until& until) {
  if (options.folder.empty()) {
    return Fail(Code::kInvalid,
                "{}: must be decoded, for which it must be a file, and this worker has no scratch "
                "folder (VMAFX_SCRATCH_DIR); raw YUV and Y4M need none",
                fetch.name());
  }
  TRY(fetch.Peek(1, until));  // now its size is known, if ever
  TRY(CheckRoom(fetch, options));
  const sys::Fd writable = TRY(OpenNameless(options.folder));
  TRY(CopyAll(fetch, writable, options.limit, until));
  auto file = std::make_shared<sys::Fd>(open(OwnPath(writable).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->valid()) return sys::SystemError(errno, "opening what was fetched");
  scoring::Input input;
  input.path = OwnPath(*file);
  input.name = fetch.name();
  input.owner = std::move(file);
  return input;
}

}  // namespace vmafx::node
