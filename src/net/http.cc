#include "net/http.h"

#include <curl/curl.h>

#include "base/guarded.h"
#include "net/transfer.h"

namespace net {
namespace {

using base::Result;
using base::Until;

constexpr size_t kIdleTransfers = 64;

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(HttpOptions options) : options_(std::move(options)) {
    curl_global_init(CURL_GLOBAL_DEFAULT);  // counted, and thread-safe since 7.84
  }
  ~CurlHttp() override {
    idle_.With([](auto& idle) { idle.clear(); });
    curl_global_cleanup();
  }

  Result<Response> Send(const Request& request, const Until& until) override {
    return Perform(request, nullptr, until);
  }
  Result<Response> Stream(const Request& request, const Sink& sink, const Until& until) override {
    return Perform(request, &sink, until);
  }

 private:
  using TransferPtr = std::unique_ptr<Transfer>;

  Result<Response> Perform(const Request& request, const Sink* sink, const Until& until) {
    TransferPtr transfer = idle_.With([](auto& idle) -> TransferPtr {
      if (idle.empty()) return nullptr;
      TransferPtr last = std::move(idle.back());  // its connection is the warmest
      idle.pop_back();
      return last;
    });
    if (transfer == nullptr) transfer = std::make_unique<Transfer>(options_);
    auto response = transfer->Perform(request, sink, until);
    idle_.With([&](auto& idle) {
      if (idle.size() < kIdleTransfers) idle.push_back(std::move(transfer));
    });
    return response;
  }

  const HttpOptions options_;
  base::Guarded<std::vector<TransferPtr>> idle_;
};

}  // namespace

std::unique_ptr<Http> MakeCurlHttp(HttpOptions options) {
  return std::make_unique<CurlHttp>(std::move(options));
}

std::string UrlEscape(std::string_view text) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string escaped;
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos) {
      escaped += c;
    } else {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return escaped;
}

}  // namespace net
