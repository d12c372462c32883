#include "vmafx/node/source_http.h"

#include <charconv>
#include <vector>

#include <openssl/evp.h>

#include "base/text.h"
#include "vmafx/node/source_idle.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr size_t kMostErrorBody = 64 << 10;

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

// What the server will send.
struct Accepted {
  SourceInfo info;
  uint64_t first = 0;   // offset of the first byte that comes
  std::string version;  // ETag, else Last-Modified, else ""
};

Result<Accepted> ReadHeaders(const net::Response& response) {
  Accepted accepted;
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

Result<> JudgeStatus(int status) {
  if (status / 100 == 2) return base::Ok();
  if (status == 404 || status == 410) {
    return Fail(Code::kNotFound,
                "the server has no such object (HTTP {}): correct the path, or "
                "upload it",
                status);
  }
  if (status == 401 || status == 403) {
    return Fail(Code::kDenied,
                "the server refuses to give it out (HTTP {}): the URL must be public or "
                "signed, and a signed one may have expired",
                status);
  }
  const bool later = status / 100 == 5 || status == 429 || status == 408;
  return Fail(later ? Code::kUnavailable : Code::kInvalid, "the server answers HTTP {}{}", status,
              later ? ": try again later" : "");
}

class HttpSource final : public Source {
 public:
  HttpSource(HttpSourceOptions options, base::Clock& clock)
      : options_(std::move(options)), clock_(clock) {
    net::HttpOptions http;
    http.identity.ca_pem = options_.ca_pem;
    http.user_agent = "vmafx-node";
    http.follow_redirects = true;
    http.body_limit = kMostErrorBody;
    http_ = net::MakeCurlHttp(std::move(http));
  }

  const std::string& name() const override { return options_.name; }

  Result<> Read(uint64_t offset, Receiver& receiver, const Until& until) override {
    net::Request request = RequestFrom(offset);
    Result<> state = base::Ok();
    uint64_t to_skip = 0;
    request.on_accepted = [&](const net::Response& response) {
      auto accepted = Accept(response, offset);
      if (!accepted.ok()) {
        state = accepted.error();
        return;
      }
      to_skip = offset - accepted->first;
      state = receiver.Begin(accepted->info);
    };
    IdleWatch watch(clock_, options_.idle_limit, until.stop());
    const auto sink = [&](std::string_view piece) {
      watch.Pause();  // what follows waits for our reader, not for the server
      const size_t skipped = std::min<uint64_t>(to_skip, piece.size());
      to_skip -= skipped;
      piece.remove_prefix(skipped);
      if (state.ok() && !piece.empty()) state = receiver.Take(piece);
      watch.Listen();
      return state.ok();
    };
    auto response = http_->Stream(request, sink, until.Stopping(watch.stop()));
    if (!state.ok()) return state;
    if (watch.fired()) {
      return Fail(Code::kUnavailable, "the server has sent nothing for {}",
                  base::FormatSpan(options_.idle_limit));
    }
    if (!response.ok()) return std::move(response).error();
    return JudgeStatus(response->status);
  }

 private:
  net::Request RequestFrom(uint64_t offset) const {
    net::Request request;
    request.url = options_.url;
    request.headers["Accept-Encoding"] = "identity";
    if (offset > 0) {
      request.headers["Range"] = fmt::format("bytes={}-", offset);
      // A weak ETag says "means the same", not "is the same bytes": RFC 9110, 13.1.5.
      if (!version_.empty() && !version_.starts_with("W/")) request.headers["If-Range"] = version_;
    }
    return request;
  }

  Result<Accepted> Accept(const net::Response& response, uint64_t offset) {
    Accepted accepted = TRY(ReadHeaders(response));
    if (accepted.first > offset) {
      return Fail(Code::kInvalid, "the server was asked for byte {} and sends from {}", offset,
                  accepted.first);
    }
    if (offset > 0 && (accepted.version != version_ || accepted.info.size != size_)) {
      return Fail(Code::kInvalid,
                  "it changed on the server while it was read: start the job again");
    }
    version_ = accepted.version;
    size_ = accepted.info.size;
    return accepted;
  }

  const HttpSourceOptions options_;
  base::Clock& clock_;
  std::unique_ptr<net::Http> http_;
  std::string version_;  // of the object, as of the last accepted answer
  std::optional<uint64_t> size_;
};

}  // namespace

std::unique_ptr<Source> MakeHttpSource(HttpSourceOptions options, base::Clock& clock) {
  return std::make_unique<HttpSource>(std::move(options), clock);
}

}  // namespace vmafx::node
