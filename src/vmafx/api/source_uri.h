#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vmafx::api {

// Where a video is, as spec.reference and spec.distorted say it: "file:///fixtures/ref.y4m",
// "s3://BUCKET/KEY", "https://HOST/PATH", "rclone://REMOTE/BUCKET/KEY", or an absolute path.
// https://www.rfc-editor.org/rfc/rfc3986#section-3
struct SourceUri {
  std::string scheme;     // lower case; "file" for a bare path
  std::string authority;  // host, bucket or remote; "" for files
  std::string path;       // what follows it, with its slash and query

  bool IsFile() const { return scheme == "file"; }
  // The section of an rclone.conf by which a worker reads it: "minio" of rclone://minio:films/a,
  // "s3" of s3://films/a; "" for files and HTTP.
  std::string Remote() const;
  // Whether the name says raw video, which does not carry its own geometry: "/ref.yuv".
  bool IsRawVideo() const;
};

// Checks the form, not whether there is a program for the scheme. kInvalid says what is wrong with
// `text` and what would be right.
base::Result<SourceUri> ReadSourceUri(std::string_view text);

}  // namespace vmafx::api
