#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace net {

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::map<std::string, std::string> headers;  // further ones
  // For tests of clients: only so many bytes of the body are sent, under the Content-Length of the
  // whole; then the connection is broken off.
  std::optional<size_t> broken_after;
};

// What a client asks.
struct Call {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;    // decoded; of repeated ones the last
  std::map<std::string, std::string> headers;  // names in lower case; of repeated ones the last
  std::string body;
};

struct Route {
  std::string method;  // "POST"; a GET route answers HEAD too
  std::string path;    // exact, or a prefix where it ends in "/*"
  std::function<Answer(const Call&)> handler;
};

struct ServerTls {
  std::string certificate_pem;  // with its chain
  std::string key_pem;
};

struct HttpServerOptions {
  size_t body_limit = 1 << 20;  // bytes; a larger body is answered 413
  // Handlers run on their connection's own thread and may block, several at once; else on the
  // server's one thread, one at a time.
  bool thread_per_connection = false;
  std::optional<ServerTls> tls;
  int most_connections = 64;
  // What the server refuses itself (404, 405, 413) is {"error": "..."} instead of plain text.
  bool json_errors = false;
};

// A small HTTP/1.1 server (libmicrohttpd). A path that no route has is 404, another method of one
// that is there 405. A connection that is idle for two minutes is closed.
class HttpServer {
 public:
  // For probes and metrics: GET and HEAD of fixed paths. Handlers must not block for long.
  using Handler = std::function<Answer()>;
  using Handlers = std::map<std::string, Handler>;  // by path

  // Listens on `address`: "IPV4:PORT", or ":PORT" for all interfaces; port 0 is any free one.
  // kInvalid: not an address, or TLS material that cannot be used; kUnavailable: it cannot be bound
  // (the message has it and the reason).
  static base::Result<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                         Handlers handlers);
  static base::Result<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                         std::vector<Route> routes,
                                                         HttpServerOptions options);
  // Ends the connections and joins the threads: handlers under way are waited for.
  ~HttpServer();

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace net
