#include "vmafx/node/http_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "net/certificates.h"

namespace vmafx::node {

using base::Code;
using base::Fail;
using base::Result;

namespace {

std::optional<uint64_t> Number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string Header(const net::Response& response, const std::string& name) {
  const auto found = response.headers.find(name);
  return found == response.headers.end() ? "" : found->second;
}

// Repr-Digest: sha-256=:BASE64:, other=:...:
std::optional<Checksum> ReadDigest(const std::string& header) {
  constexpr std::string_view kBegin = "sha-256=:";
  constexpr size_t kBytes = 32;
  for (const std::string& whole : base::Split(header, ',')) {
    std::string_view part = base::Trim(whole);
    if (!part.starts_with(kBegin) || !part.ends_with(':') || part.size() == kBegin.size()) continue;
    part = part.substr(kBegin.size(), part.size() - kBegin.size() - 1);
    const auto bytes = net::Base64Decode(part);
    if (!bytes.ok() || bytes->size() != kBytes) continue;
    std::string hex;
    for (const char byte : *bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
    return Checksum{"sha256", hex};
  }
  return std::nullopt;
}

// Content-Range: bytes 100-199/200, the length may be "*". RFC 9110, 14.4: of an invalid one
// nothing may be used.
struct Range {
  uint64_t first = 0;
  std::optional<uint64_t> size;
};
std::optional<Range> ReadRange(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t slash = std::min(header.find('/'), header.size());
  const size_t dash = std::min(header.find('-'), slash);
  if (dash == slash || slash == header.size()) return std::nullopt;
  const auto first = Number(header.substr(0, dash));
  const auto last = Number(header.substr(dash + 1, slash - dash - 1));
  const std::string_view length = header.substr(slash + 1);
  const auto size = Number(length);
  if (!first || !last || *last < *first || (!size && length != "*")) return std::nullopt;
  if (size && *last >= *size) return std::nullopt;
  return Range{*first, size};
}

}  // namespace

Result<HttpAnswer> ReadHttpAnswer(const net::Response& response) {
  HttpAnswer accepted;
  accepted.version = Header(response, "etag");
  if (accepted.version.empty()) accepted.version = Header(response, "last-modified");
  if (response.status == 206) {
    const std::string header = Header(response, "content-range");
    const auto range = ReadRange(header);
    if (!range) return Fail(Code::kInvalid, "the server's Content-Range \"{}\" is none", header);
    accepted.info.size = range->size;
    accepted.first = range->first;
    return accepted;
  }
  if (const std::string coding = Header(response, "content-encoding");
      !coding.empty() && coding != "identity") {
    return Fail(Code::kInvalid, "the server sends it as {}, though it was asked not to", coding);
  }
  accepted.info.size = Number(Header(response, "content-length"));
  accepted.info.checksum = ReadDigest(Header(response, "repr-digest"));
  return accepted;
}

}  // namespace vmafx::node
