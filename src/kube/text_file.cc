#include "kube/text_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>
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
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || std::filesystem::is_directory(path)) return FileError(path, EISDIR);
  return text;
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
