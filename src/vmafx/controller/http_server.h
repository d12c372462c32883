#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"

namespace vmafx::controller {

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
};

// A small HTTP/1.1 server (libmicrohttpd) for probes and metrics: GET and HEAD of fixed paths,
// everything else is 404 or 405 with {"error": ...}. Request bodies are not read.
class HttpServer {
 public:
  using Handlers = std::map<std::string, std::function<HttpAnswer()>>;  // by path

  // Listens on `address`: ":8080", "127.0.0.1:0" (any free port). kInvalid, or kUnavailable with
  // the reason. Handlers are called on the server's thread, one at a time, and must not block for
  // long.
  static base::Result<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                         Handlers handlers, base::Log log);
  // Ends the connections and joins the thread.
  ~HttpServer();

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::controller
