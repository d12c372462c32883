#include "sys/memory_file.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

#include "sys/error.h"

namespace sys {

base::Result<MemoryFile> MemoryFile::Make() {
  Fd fd(memfd_create("output", MFD_CLOEXEC));
  if (!fd.valid()) return SystemError(errno, "memfd_create");
  return MemoryFile(std::move(fd));
}

base::Result<std::string> MemoryFile::Read(size_t limit) const {
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0) return SystemError(errno, "fstat");
  const auto size = static_cast<size_t>(status.st_size);
  if (size > limit)
    return base::Fail(base::Code::kInvalid, "{} bytes of output, at most {} are read", size, limit);
  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd_.get(), text.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(errno, "pread");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  text.resize(done);
  return text;
}

}  // namespace sys
