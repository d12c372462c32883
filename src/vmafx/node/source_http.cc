#include "vmafx/node/source_http.h"

#include "base/text.h"
#include "vmafx/node/http_answer.h"
#include "vmafx/node/source_idle.h"

namespace vmafx::node {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr size_t kMostErrorBody = 64 << 10;

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

  Result<HttpAnswer> Accept(const net::Response& response, uint64_t offset) {
    HttpAnswer accepted = TRY(ReadHttpAnswer(response));
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
