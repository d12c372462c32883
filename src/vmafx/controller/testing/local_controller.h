#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "sys/files.h"
#include "vmafx/controller/controller.h"

namespace vmafx::controller::testing {

// A real controller on free loopback ports with its database in a folder of its own. Whatever
// cannot be set up ends the test program.
class LocalController {
 public:
  explicit LocalController(base::Clock& clock, Options options = {});

  // "127.0.0.1:PORT" of gRPC.
  std::string address() const;
  int http_port() const { return controller_->http_port(); }
  // Of this controller, also after Restart.
  std::vector<std::string> log_lines() const { return sink_->lines(); }

  void Stop();
  // Stops without grace and starts on the same database and the same gRPC port.
  void Restart();

 private:
  void Start();

  base::Clock& clock_;
  Options options_;
  sys::TempDir folder_;
  std::shared_ptr<base::MemorySink> sink_ = std::make_shared<base::MemorySink>();
  std::unique_ptr<Controller> controller_;
};

}  // namespace vmafx::controller::testing
