#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace vmafx::node {

// Where an input comes from, by its URI alone.
struct SourceUri {
  enum class Kind { kFile, kHttp, kRclone };
  Kind kind = Kind::kFile;
  std::string name;    // for messages: without query and fragment, which may hold signatures
  std::string url;     // kHttp
  std::string remote;  // kRclone: a section of rclone.conf
  std::string path;    // kRclone: "bucket/key"
};

// Of the forms that api/source_uri.h allows: files and URLs as they are; rclone://remote/bucket/key
// and rclone://remote:bucket/key; s3://bucket/key, which needs a remote called s3, and likewise any
// other scheme. kInvalid: none of these, or a remote that cannot be a section of rclone.conf.
base::Result<SourceUri> ReadSourceUri(const std::string& uri);

// The names of the sections of an rclone.conf, in order. kInvalid for one that is encrypted.
// https://rclone.org/docs/#config-file
base::Result<std::vector<std::string>> ReadRemotes(const std::string& config);

}  // namespace vmafx::node
