#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "vmafx/controller/dispatcher.h"

namespace vmafx::controller {

// Serves vmafx.controller.v1.VmafxController with gRPC's synchronous server: one thread per call,
// also per open StreamJobs (at most kMostFollowers of those).
class GrpcServer {
 public:
  static constexpr int kMostFollowers = 128;

  // Listens on `address`: ":9090", "127.0.0.1:0" (any free port). kUnavailable when it cannot.
  // `dispatcher` must outlive the server.
  static base::Result<std::unique_ptr<GrpcServer>> Start(const std::string& address,
                                                         Dispatcher& dispatcher, base::Clock& clock,
                                                         base::Log log);
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
