#include "kube/text_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "base/text.h"

namespace kube {
namespace {

base::Error FileError(const std::filesystem::path& path, int error) {
  const base::Code code = error == ENOENT || error == ENOTDIR ? base::Code::kNotFound
                          : error == EACCES                   ? base::Code::kDenied
                                                              : base::Code::kInvalid;
  return Fail(code, "{}: {}", path.string(), base::Lower(std::generic_category().message(error)));
}

}  // namespace

base::Result<std::string> ReadTextFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError(path, errno);
  std::ostringstream text;
  std::error_code ignored;
  // A directory opens and fails only when read, which the stream cannot tell from an empty file.
  if (std::filesystem::is_directory(path, ignored)) return FileError(path, EISDIR);
  if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  if (file.bad() || text.fail()) return FileError(path, EIO);
  return std::move(text).str();
}

base::Result<TokenFile::Stamp> TokenFile::Look() const {
  struct stat found {};
  if (stat(path_.c_str(), &found) != 0) return FileError(path_, errno);
  return Stamp{found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_size};
}

base::Result<std::string> TokenFile::Get() {
  const Stamp stamp = TRY(Look().During("token file"));
  const auto known = cached_.Read([&](const std::optional<Cached>& cached) {
    const bool fresh = cached.has_value() && cached->stamp == stamp;
    return fresh ? std::optional(cached->token) : std::nullopt;
  });
  if (known.has_value()) return *known;
  const std::string text = TRY(ReadTextFile(path_).During("token file"));
  std::string token(base::Trim(text));
  if (token.empty()) {
    return Fail(base::Code::kInvalid, "token file: {}: it is empty", path_.string());
  }
  cached_.With([&](std::optional<Cached>& cached) { cached = Cached{stamp, token}; });
  return token;
}

}  // namespace kube
