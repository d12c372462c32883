#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include <curl/curl.h>

#include "net/http.h"
#include "net/target.h"

namespace net {

using Sink = std::function<bool(std::string_view)>;

// One curl handle with the connections that it keeps. One thread at a time; `options` must outlive
// it. Its own multi handle is there for curl_multi_wakeup: how another thread ends a transfer at
// once. https://curl.se/libcurl/c/curl_multi_wakeup.html
class Transfer {
 public:
  explicit Transfer(const HttpOptions& options);
  ~Transfer();

  // As Http::Stream, or as Http::Send when `sink` is null.
  base::Result<Response> Perform(const Request& request, const Sink* sink,
                                 const base::Until& until);

 private:
  struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct FreeMulti {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };

  void SetIdentity(const Identity& identity);
  void SetMethod(const Request& request);
  base::Result<CURLcode> Drive(const Target& target, const Response& so_far,
                               const base::Until& until);
  base::Error Describe(CURLcode code, const Target& target) const;

  template <typename Value>
  void Set(CURLoption option, Value value) {
    curl_easy_setopt(easy_.get(), option, value);
  }

  const HttpOptions& options_;
  std::unique_ptr<CURLM, FreeMulti> multi_{curl_multi_init()};
  std::unique_ptr<CURL, FreeEasy> easy_{curl_easy_init()};
  char reason_[CURL_ERROR_SIZE] = "";
};

}  // namespace net
