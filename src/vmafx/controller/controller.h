#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kube/kubeconfig.h"
#include "net/http_server.h"
#include "vmafx/controller/authenticator.h"
#include "vmafx/controller/dispatcher.h"
#include "vmafx/controller/grpc_server.h"
#include "vmafx/controller/rest.h"

namespace vmafx::controller {

struct Options {
  std::string grpc_listen = ":9090";
  std::string http_listen = ":8080";
  DispatcherOptions dispatcher;
  RestOptions rest;
  TlsFiles tls;  // of gRPC and HTTP
  AuthOptions auth;
  std::optional<kube::ClusterAccess> kubernetes;  // whom to ask about service account tokens
};

// The whole controller: store, identity, gRPC, HTTP, started in this order and stopped in reverse.
// What is off (identity, TLS, retention) is said in the log.
class Controller {
 public:
  // Errors name what could not be opened or listened on; nothing is left running then.
  static base::Result<std::unique_ptr<Controller>> Start(const Options& options, base::Clock& clock,
                                                         base::Log log);
  // Stops without grace.
  ~Controller();

  int grpc_port() const { return grpc_->port(); }
  int http_port() const { return http_->port(); }

  // Not ready from now on; ends the streams, lets calls under way finish for `grace`. Once.
  void Stop(base::Duration grace);

 private:
  Controller(base::Clock& clock, base::Log log) : clock_(clock), log_(std::move(log)) {}
  base::Result<> StartServers(const Options& options);
  base::Result<> Ready() const;

  base::Clock& clock_;
  base::Log log_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Authenticator> authenticator_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace vmafx::controller
