#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "net/testing/reserved_port.h"
#include "sys/files.h"
#include "vmafx/controller/controller.h"

namespace vmafx::controller::testing {

// A real controller on free loopback ports with its database in a folder of its own. Whatever
// cannot be set up ends the test program.
class LocalController {
 public:
  explicit LocalController(base::Clock& clock, Options options = {});

  // "127.0.0.1:PORT" of gRPC, the same for as long as this lives.
  std::string address() const;
  int http_port() const { return controller_->http_port(); }
  // Of this controller, also after Restart.
  std::vector<std::string> log_lines() const { return sink_->lines(); }

  // Lets calls under way end for `grace`.
  void Stop(base::Duration grace = std::chrono::seconds(1));
  // Stops without grace and starts on the same database and the same gRPC port.
  void Restart();

 private:
  void Start();

  base::Clock& clock_;
  net::testing::ReservedPort grpc_port_;  // also between two lives
  Options options_;
  sys::TempDir folder_;
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  std::unique_ptr<Controller> controller_;
};

}  // namespace vmafx::controller::testing
