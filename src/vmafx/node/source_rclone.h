#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "vmafx/node/source.h"

namespace vmafx::node {

struct RcloneSourceOptions {
  std::filesystem::path program;                         // rclone
  std::filesystem::path config;                          // rclone.conf
  std::string name;                                      // for messages
  std::string remote;                                    // a section of the configuration
  std::string path;                                      // "bucket/key"
  base::Duration idle_limit = std::chrono::seconds(60);  // without a byte
};

// An object by `rclone lsjson --stat` (is it there, how long, which checksum) and `rclone cat`,
// whose only environment is the path of its configuration; nothing secret is in its arguments.
// rclone says of an object that is not there, and of one that is cut, that all is well: so the
// first is asked beforehand, and the length is for the reader to check.
std::unique_ptr<Source> MakeRcloneSource(RcloneSourceOptions options, base::Clock& clock);

}  // namespace vmafx::node
