#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "ctrl/manager.h"

namespace ctrl {

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
};

// A small HTTP server (libmicrohttpd) for probes and metrics: GET of fixed paths, nothing else.
class HttpServer final : public Part {
 public:
  // Runs on the server's thread: must not block.
  using Handler = std::function<Answer()>;

  // `address` is "HOST:PORT" or ":PORT" (all interfaces); port 0 takes a free one.
  HttpServer(std::string address, std::map<std::string, Handler> handlers);
  ~HttpServer() override;

  // kInvalid: not an address; kUnavailable: it cannot be bound (the message has it and the reason).
  base::Result<> Start(const base::Until& until) override;
  void Stop() override;

  // The port it listens on, after Start.
  int port() const;

 private:
  struct State;
  std::string address_;
  std::map<std::string, Handler> handlers_;
  std::unique_ptr<State> state_;
};

// /healthz (the process answers) and /readyz (manager.Check(), 503 while not ready).
std::map<std::string, HttpServer::Handler> HealthHandlers(const Manager& manager);

}  // namespace ctrl
