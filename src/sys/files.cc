#include "sys/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "sys/error.h"
#include "sys/fd.h"

namespace sys {

namespace {

base::Result<> WriteAll(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError(errno, name);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return base::Ok();
}

base::Result<> FillAndRename(int fd, const std::string& temporary, const std::string& target,
                             std::string_view content, mode_t mode) {
  TRY(WriteAll(fd, content, target));
  if (fchmod(fd, mode) != 0 || fsync(fd) != 0) return SystemError(errno, target);
  if (rename(temporary.c_str(), target.c_str()) != 0) return SystemError(errno, target);
  return base::Ok();
}

}  // namespace

base::Result<std::string> ReadFile(const std::filesystem::path& path, size_t limit) {
  const std::string name = path.string();
  Fd fd(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return SystemError(errno, name);
  std::string content;
  // Read to the end instead of asking for the size: files of /proc have none.
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError(errno, name);
    if (count == 0) return content;
    if (content.size() + static_cast<size_t>(count) > limit)
      return base::Fail(base::Code::kInvalid, "{}: larger than {} bytes", name, limit);
    content.append(buffer, static_cast<size_t>(count));
  }
}

base::Result<> WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode) {
  const std::string target = path.string();
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
  Fd fd(mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) return SystemError(errno, target);
  auto done = FillAndRename(fd.get(), temporary, target, content, mode);
  if (!done.ok()) unlink(temporary.c_str());
  return done;
}

base::Result<> MakeDirs(const std::filesystem::path& path, mode_t mode) {
  const std::string name = path.string();
  if (mkdir(name.c_str(), mode) == 0) return base::Ok();
  if (errno == ENOENT && path.has_parent_path() && path.parent_path() != path) {
    TRY(MakeDirs(path.parent_path(), mode));
    if (mkdir(name.c_str(), mode) == 0) return base::Ok();
  }
  const int reason = errno;
  struct stat status {};
  if (reason == EEXIST && stat(name.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return base::Ok();
    return base::Fail(base::Code::kExists, "{}: there is a file of this name, not a folder", name);
  }
  return SystemError(reason, name);
}

base::Result<TempDir> TempDir::Make(std::string_view prefix) {
  std::error_code problem;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(problem);
  if (problem) return SystemError(problem.value(), "the system's temporary folder");
  std::string name = (parent / (std::string(prefix) + ".XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) return SystemError(errno, name);
  return TempDir(name);
}

TempDir::~TempDir() {
  if (path_.empty()) return;
  std::error_code ignored;  // nobody to tell: the folder is the system's temporary one
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace sys
