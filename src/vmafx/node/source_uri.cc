#include "vmafx/node/source_uri.h"

#include <algorithm>

#include "base/text.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;

constexpr char kForms[] =
    "file:///absolute/path, http(s)://host/path, s3://bucket/key, rclone://remote/bucket/key";
constexpr size_t kLongest = 4096;

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

Result<SourceUri> ReadHttp(SourceUri read, const std::string& uri) {
  read.kind = SourceUri::Kind::kHttp;
  read.url = uri;
  read.name = uri.substr(0, uri.find_first_of("?#"));
  const size_t host = uri.find("://") + 3;
  const std::string authority = uri.substr(host, uri.find_first_of("/?#", host) - host);
  const size_t at = authority.find('@');
  if (at != std::string::npos) {
    return Fail(Code::kInvalid, "{}{}: must not hold credentials; use a signed URL or rclone",
                uri.substr(0, host), authority.substr(at + 1));
  }
  if (authority.empty()) return Fail(Code::kInvalid, "{}: names no host", read.name);
  return read;
}

Result<SourceUri> ReadRemote(SourceUri read, std::string_view remote, std::string_view path) {
  read.kind = SourceUri::Kind::kRclone;
  if (!IsRemoteName(remote)) {
    return Fail(Code::kInvalid, "{}: \"{}\" is not the name of a remote of rclone.conf", read.name,
                remote);
  }
  while (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty() || path.ends_with('/')) {
    return Fail(Code::kInvalid, "{}: names no object: write rclone://remote/bucket/key", read.name);
  }
  for (const std::string& part : base::Split(path, '/')) {
    if (part == "..") return Fail(Code::kInvalid, "{}: must not hold \"..\"", read.name);
  }
  read.remote = remote;
  read.path = path;
  return read;
}

// "remote/bucket/key" or "remote:bucket/key".
Result<SourceUri> ReadRclone(SourceUri read, std::string_view rest) {
  const size_t end = rest.find_first_of("/:");
  if (end == std::string_view::npos) return ReadRemote(std::move(read), rest, "");
  return ReadRemote(std::move(read), rest.substr(0, end), rest.substr(end + 1));
}

}  // namespace

Result<SourceUri> ReadSourceUri(const std::string& uri) {
  SourceUri read;
  read.name = uri;
  if (uri.size() > kLongest)
    return Fail(Code::kInvalid, "a URI of {} bytes is too long", uri.size());
  if (std::ranges::any_of(uri, [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
    return Fail(Code::kInvalid, "a URI must not hold control characters");
  }
  if (uri.starts_with('/')) return read;
  const size_t colon = uri.find(':');
  if (colon == std::string::npos || colon == 0) {
    return Fail(Code::kInvalid, "\"{}\" is neither a URI nor an absolute path (supported: {})", uri,
                kForms);
  }
  const std::string scheme = base::Lower(uri.substr(0, colon));
  const std::string_view after = std::string_view(uri).substr(colon + 1);
  if (!after.starts_with("//")) return ReadRemote(std::move(read), uri.substr(0, colon), after);
  if (scheme == "file") return read;
  if (scheme == "http" || scheme == "https") return ReadHttp(std::move(read), uri);
  if (scheme == "rclone") return ReadRclone(std::move(read), after.substr(2));
  return ReadRemote(std::move(read), scheme, after.substr(2));
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
