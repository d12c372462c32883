#pragma once

// Files of a suite that are at a URL: YAML that steps name, archives of tests.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sys/files.h"

namespace trial {

// As kuttl (Go's url.Parse): http:// or https:// and a host.
bool IsUrl(std::string_view text);

// Downloads live as long as this object. One thread.
class RemoteFiles {
 public:
  // The body of what is at a URL; limits of time and size are its own. An answer other than 200 is
  // an error.
  using Fetch = std::function<base::Result<std::string>(const std::string& url)>;
  explicit RemoteFiles(Fetch fetch) : fetch_(std::move(fetch)) {}

  base::Result<std::string> Read(const std::string& url) const { return fetch_(url); }

  // The folder that the tests of the archive (tar, also gzip) are in: called after it, without the
  // extension, as in kuttl. kInvalid for what is no archive, is larger than 1 GiB or 100,000 files
  // when unpacked, or names files outside of itself.
  base::Result<std::filesystem::path> Unpack(const std::string& url);

 private:
  Fetch fetch_;
  std::vector<sys::TempDir> folders_;
};

// Unpacks files, folders and links that stay inside; everything else (devices, owners) is left out.
base::Result<> UnpackTar(std::string_view tar, const std::filesystem::path& folder);

}  // namespace trial
