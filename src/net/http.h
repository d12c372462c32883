#pragma once

// net: HTTP out (libcurl), TLS identities and certificates (OpenSSL). Knows no Kubernetes.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace net {

// Who we are and whom we trust, as PEM text held in memory (never written to disk).
struct Identity {
  std::string ca_pem;           // empty: the system's trust store
  std::string client_cert_pem;  // empty: no client certificate
  std::string client_key_pem;
  std::string server_name;  // expected name in the server's certificate; empty: the URL's host
  bool insecure_skip_verify = false;
};

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case; of repeated ones the last
  std::string body;
};

struct Request {
  std::string method = "GET";
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;
  // Called by Stream with status and headers, without a body yet, before the sink's first piece.
  std::function<void(const Response&)> on_accepted;
};

// Thread-safe; must outlive its calls. Connections are kept alive and reused across calls.
class Http {
 public:
  virtual ~Http() = default;

  // Any HTTP status is a value. kUnavailable: no connection, broken connection or TLS failure
  // (message names the host and the reason). kTimeout, kCancelled: `until` was over.
  virtual base::Result<Response> Send(const Request& request, const base::Until& until) = 0;

  // As Send, but hands over the body as it comes: `sink` is called on this thread with each piece,
  // first with an empty one as soon as the server has accepted (2xx), and returns false to end the
  // call early (which is then a success). A status other than 2xx does not reach the sink: its body
  // is in the response. Returns when the server ends the body, within a few ms of `until.stop()`.
  virtual base::Result<Response> Stream(const Request& request,
                                        const std::function<bool(std::string_view)>& sink,
                                        const base::Until& until) = 0;
};

struct HttpOptions {
  Identity identity;
  std::string user_agent = "seatrial";
  bool follow_redirects = false;
  size_t body_limit = 0;  // bytes of a body that is collected; a longer one is kInvalid; 0: none
};

std::unique_ptr<Http> MakeCurlHttp(HttpOptions options);

// Escapes one path segment or query value (RFC 3986 unreserved characters stay).
std::string UrlEscape(std::string_view text);

}  // namespace net
