#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "base/result.h"

namespace kube {

// The whole of a small file: a kubeconfig, a certificate, a token. kNotFound, kDenied or kInvalid
// (a directory) names the path. Blocks as the disk does.
base::Result<std::string> ReadTextFile(const std::filesystem::path& path);

// A token in a file that others replace now and then (projected service account tokens rotate).
// https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken
// Thread-safe.
class TokenFile {
 public:
  explicit TokenFile(std::filesystem::path path) : path_(std::move(path)) {}

  // The token as it is in the file now; the file is read only when it has changed. Costs one stat.
  base::Result<std::string> Get();

 private:
  // What changes when a file is replaced or written to.
  struct Stamp {
    uint64_t inode = 0;
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    int64_t size = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Cached {
    Stamp stamp;
    std::string token;
  };
  base::Result<Stamp> Look() const;

  const std::filesystem::path path_;
  base::Guarded<std::optional<Cached>> cached_;
};

}  // namespace kube
