#pragma once

// Tars: what image layers and archives of images are.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cluster::images {

// One file, directory or link of a tar.
struct Entry {
  std::string path;  // without a leading slash: "usr/local/bin/app"; a directory ends with a slash
  std::string content;
  std::string link;  // symbolic link's target; then content is empty
  int mode = 0644;
  int owner = 0;  // uid and gid
};

// kInvalid for a path that is absolute, empty or has "..".
base::Result<> CheckPath(const std::string& path);

// The entries as an uncompressed tar, the same bytes for the same entries wherever and whenever it
// is made: sorted by path, parents added, no times, no names of users. kInvalid for a path that
// CheckPath refuses, or a path given twice.
base::Result<std::string> MakeTar(std::vector<Entry> entries);

// How much is read of a tar, or of all layers of an image: a few kilobytes that are compressed, or
// that have holes, may unpack to terabytes.
struct TarLimits {
  size_t bytes = size_t{8} << 30;  // of names and contents, unpacked; also of what is not kept
  size_t entries = 1'000'000;
};

// The entries of a tar (also gzip or zstd). `content_limit` cuts the content kept of each. kInvalid
// when it is no tar, or goes beyond `limits`: the message names the entry and the limit.
base::Result<std::vector<Entry>> ReadTar(std::string_view tar, size_t content_limit = SIZE_MAX,
                                         const TarLimits& limits = {});

// What may still be read of one tar or of several.
class TarBudget {
 public:
  explicit TarBudget(const TarLimits& limits) : limits_(limits) {}

  // Takes one entry off, with its names and `content` bytes. kInvalid, which names the entry and
  // the limit, when that is more than there is.
  base::Result<> Take(const Entry& entry, size_t content);

 private:
  const TarLimits limits_;
  size_t bytes_ = 0;  // at most the limit
  size_t entries_ = 0;
};

// Takes each entry of a tar, in order, without its content. `size` is what that has by its header,
// and `content` reads at most `limit` bytes of it, once; kInvalid for one that is longer than
// `size`. What is not read is skipped. An error ends the walk.
using TarContent = std::function<base::Result<std::string>(size_t limit)>;
using TarVisitor =
    std::function<base::Result<>(Entry entry, size_t size, const TarContent& content)>;
// kInvalid when it is no tar; kNotFound: no such file.
base::Result<> WalkTar(std::string_view tar, const TarVisitor& visit);
base::Result<> WalkTarFile(const std::filesystem::path& path, const TarVisitor& visit);

}  // namespace cluster::images
