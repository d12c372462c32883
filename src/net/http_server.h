#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

namespace net {

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

// A small HTTP/1.1 server (libmicrohttpd) for probes and metrics: GET and HEAD of fixed paths,
// everything else is 404 or 405. Request bodies are not read. At most 64 connections; one that is
// idle for two minutes is closed.
class HttpServer {
 public:
  // Handlers are called on the server's thread, one at a time, and must not block for long.
  using Handler = std::function<Answer()>;
  using Handlers = std::map<std::string, Handler>;  // by path

  // Listens on `address`: "IPV4:PORT", or ":PORT" for all interfaces; port 0 is any free one.
  // kInvalid: not an address; kUnavailable: it cannot be bound (the message has it and the reason).
  static base::Result<std::unique_ptr<HttpServer>> Start(const std::string& address,
                                                         Handlers handlers);
  // Ends the connections and joins the thread.
  ~HttpServer();

  int port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace net
