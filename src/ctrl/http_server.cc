#include "ctrl/http_server.h"

namespace ctrl {

using net::Answer;

HttpServer::HttpServer(std::string address, net::HttpServer::Handlers handlers)
    : address_(std::move(address)), handlers_(std::move(handlers)) {}

base::Result<> HttpServer::Start(const base::Until&) {
  server_ = TRY(net::HttpServer::Start(address_, handlers_));
  return base::Ok();
}

void HttpServer::Stop() {
  server_.reset();
}

net::HttpServer::Handlers HealthHandlers(const Manager& manager) {
  return {{"/healthz",
           [] {
             return Answer{200, "ok\n"};
           }},
          {"/readyz", [&manager] {
             Manager::Health health = manager.Check();
             return Answer{health.ready ? 200 : 503, std::move(health.text)};
           }}};
}

}  // namespace ctrl
