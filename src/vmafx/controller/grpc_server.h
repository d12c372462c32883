#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "vmafx/controller/dispatcher.h"
#include "vmafx/controller/identity.h"

namespace vmafx::controller {

// PEM files of the server's certificate (with its chain) and key; both empty: no TLS.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
  bool on() const { return !certificate.empty(); }
};

// Serves vmafx.controller.v1.VmafxController with gRPC's synchronous server: one thread per call,
// also per open StreamJobs (at most kMostFollowers of those). A call without a known token is
// UNAUTHENTICATED, one that its caller may not make PERMISSION_DENIED.
class GrpcServer {
 public:
  static constexpr int kMostFollowers = 128;

  // Listens on `address`: ":9090", "127.0.0.1:0" (any free port). kUnavailable when it cannot.
  // `dispatcher` and `authenticator` must outlive the server. The TLS files are read again when
  // they change; that they can be used now is checked by whoever calls.
  static base::Result<std::unique_ptr<GrpcServer>> Start(const std::string& address,
                                                         const TlsFiles& tls,
                                                         Dispatcher& dispatcher,
                                                         Authenticator& authenticator,
                                                         base::Clock& clock, base::Log log);
  // Stop, without waiting for calls under way.
  ~GrpcServer();

  int port() const;

  // Takes no more calls; lets those under way finish for `grace`, then cancels them. Blocks until
  // all have ended. Open StreamJobs end with the dispatcher's feed: drain that first.
  void Stop(base::Duration grace);

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::controller
