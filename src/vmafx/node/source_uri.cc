#include "vmafx/node/source_uri.h"

#include <algorithm>

#include "base/text.h"
#include "vmafx/api/source_uri.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;

bool IsRemoteName(std::string_view name) {
  // No commas, equal signs or colons: with those rclone takes options, and backends that are not in
  // its configuration, from the name.
  constexpr std::string_view kMore = "_-.+@";
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && (plain(name[0]) || name[0] == '_') &&
         std::ranges::all_of(
             name, [&](char c) { return plain(c) || kMore.find(c) != std::string_view::npos; });
}

}  // namespace

Result<SourceUri> ReadSourceUri(const std::string& uri) {
  const api::SourceUri form = TRY(api::ReadSourceUri(uri));
  SourceUri read;
  read.name = uri;
  if (form.IsFile()) return read;
  if (form.scheme == "http" || form.scheme == "https") {
    read.kind = SourceUri::Kind::kHttp;
    read.url = uri;
    read.name = uri.substr(0, uri.find_first_of("?#"));
    return read;
  }
  read.kind = SourceUri::Kind::kRclone;
  read.remote = form.Remote();
  if (!IsRemoteName(read.remote)) {
    return Fail(Code::kInvalid, "{}: \"{}\" is not the name of a remote of rclone.conf", uri,
                read.remote);
  }
  // "remote/bucket/key", "remote:bucket/key", or of other schemes "bucket/key".
  const std::string_view bucket = form.scheme == "rclone"
                                      ? std::string_view(form.authority).substr(read.remote.size())
                                      : std::string_view(form.authority);
  read.path = fmt::format("{}{}", bucket.substr(bucket.starts_with(':') ? 1 : 0), form.path);
  read.path.erase(0, std::min(read.path.find_first_not_of('/'), read.path.size()));
  if (read.path.empty()) return Fail(Code::kInvalid, "{}: names no object", uri);
  for (const std::string& part : base::Split(read.path, '/')) {
    if (part == "..") return Fail(Code::kInvalid, "\"{}\" must not hold \"..\"", uri);
  }
  return read;
}

Result<std::vector<std::string>> ReadRemotes(const std::string& config) {
  std::vector<std::string> remotes;
  for (const std::string& whole : base::Split(config, '\n')) {
    const std::string_view line = base::Trim(whole);
    if (line.starts_with("RCLONE_ENCRYPT_V")) {
      return Fail(Code::kInvalid, "rclone.conf is encrypted: it must be plain text in its Secret");
    }
    if (line.starts_with('[') && line.ends_with(']')) {
      remotes.emplace_back(base::Trim(line.substr(1, line.size() - 2)));
    }
  }
  return remotes;
}

}  // namespace vmafx::node
