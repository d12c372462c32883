#include "vmafx/node/http_answer.h"

#include <charconv>
#include <optional>

#include <openssl/evp.h>

#include "base/text.h"

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
    if (!part.starts_with(kBegin) || !part.ends_with(':')) continue;
    part = part.substr(kBegin.size(), part.size() - kBegin.size() - 1);
    unsigned char bytes[48];
    if (part.size() != 44) continue;  // 32 bytes in base64
    const int got = EVP_DecodeBlock(bytes, reinterpret_cast<const unsigned char*>(part.data()),
                                    static_cast<int>(part.size()));
    if (got < static_cast<int>(kBytes)) continue;
    std::string hex;
    for (size_t i = 0; i < kBytes; ++i) hex += fmt::format("{:02x}", bytes[i]);
    return Checksum{"sha256", hex};
  }
  return std::nullopt;
}

}  // namespace

Result<HttpAnswer> ReadHttpAnswer(const net::Response& response) {
  HttpAnswer accepted;
  accepted.version = Header(response, "etag");
  if (accepted.version.empty()) accepted.version = Header(response, "last-modified");
  if (response.status == 206) {
    // "bytes 100-199/200"; RFC 9110, 14.4
    const std::string range = Header(response, "content-range");
    const size_t dash = range.find('-');
    const size_t slash = range.find('/');
    std::optional<uint64_t> first;
    if (range.starts_with("bytes ") && dash != std::string::npos && slash != std::string::npos) {
      first = Number(std::string_view(range).substr(6, dash - 6));
      accepted.info.size = Number(std::string_view(range).substr(slash + 1));
    }
    if (!first) return Fail(Code::kInvalid, "the server's Content-Range \"{}\" is none", range);
    accepted.first = *first;
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
