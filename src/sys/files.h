#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sys {

// The whole file. kNotFound, kDenied, or kInvalid for a directory or a file above `limit` bytes.
// Blocks as the disk does.
base::Result<std::string> ReadFile(const std::filesystem::path& path,
                                   size_t limit = size_t{1} << 30);

// Writes a new file beside `path` with `mode`, flushes it and renames it over: readers see the old
// or the new content, never half of it. On failure the old file is untouched and nothing is left
// beside it.
base::Result<> WriteFileAtomically(const std::filesystem::path& path, std::string_view content,
                                   mode_t mode = 0644);

// All missing parents too, each with `mode`. Fine when it is there already.
base::Result<> MakeDirs(const std::filesystem::path& path, mode_t mode = 0755);

// A new empty directory of mode 0700 below the system's temporary folder, removed with all content
// on destruction.
class TempDir {
 public:
  static base::Result<TempDir> Make(std::string_view prefix = "seatrial");
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TempDir();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace sys
