#pragma once

#include <memory>
#include <string>

#include "ctrl/manager.h"
#include "net/http_server.h"

namespace ctrl {

// net::HttpServer as a part of a manager: probes and metrics.
class HttpServer final : public Part {
 public:
  HttpServer(std::string address, net::HttpServer::Handlers handlers);

  // Errors are those of net::HttpServer::Start.
  base::Result<> Start(const base::Until& until) override;
  void Stop() override;

  // The port it listens on, between Start and Stop.
  int port() const { return server_->port(); }

 private:
  std::string address_;
  net::HttpServer::Handlers handlers_;
  std::unique_ptr<net::HttpServer> server_;
};

// /healthz (the process answers) and /readyz (manager.Check(), 503 while not ready).
net::HttpServer::Handlers HealthHandlers(const Manager& manager);

}  // namespace ctrl
