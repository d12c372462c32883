#include "net/target.h"

#include <memory>

#include <curl/curl.h>

namespace net {
namespace {

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string UrlPart(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

base::Result<Target> ReadTarget(const std::string& text, const std::string& server_name) {
  const std::unique_ptr<CURLU, FreeUrl> url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
  if (code != CURLUE_OK) {
    return base::Fail(base::Code::kInvalid, "\"{}\" is no URL: {}", text, curl_url_strerror(code));
  }
  Target target{text, UrlPart(url.get(), CURLUPART_HOST), UrlPart(url.get(), CURLUPART_PORT)};
  if (!server_name.empty()) {
    curl_url_set(url.get(), CURLUPART_HOST, server_name.c_str(), 0);
    target.url = UrlPart(url.get(), CURLUPART_URL);
  }
  return target;
}

}  // namespace net
