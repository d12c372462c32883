#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"
#include "sys/process.h"

namespace vmafx::node::testing {

// The path of a pinned program ("rclone", "minio") of tools/companions, which must be built: else
// the test program ends with what to run.
std::filesystem::path Companion(const std::string& name);

// The path of the pinned ffmpeg.
std::filesystem::path PinnedFfmpeg();

// A real S3 store on a loopback port with the bucket "videos", and rclone to fill it. Ends with
// this object; starts or ends the test program.
class Store {
 public:
  explicit Store(base::Clock& clock);

  // Of the remotes [films] (right keys), [wrongkey], [wrongid], [nohost], [dead] and [local], an
  // alias of a folder.
  const std::filesystem::path& config() const { return config_; }
  const std::filesystem::path& local() const { return local_; }

  // Copies a file to PATH of the remote [films].
  void Upload(const std::filesystem::path& file, const std::string& path);

 private:
  void WriteConfig();
  sys::Exit Rclone(std::vector<std::string> words);

  base::Clock& clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("store");
  std::filesystem::path config_ = folder_.path() / "rclone.conf";
  std::filesystem::path local_ = folder_.path() / "local";
  net::testing::ReservedPort port_;
  std::unique_ptr<sys::Process> server_;
};

}  // namespace vmafx::node::testing
