#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/testing/reserved_port.h"
#include "sys/files.h"
#include "sys/process.h"

namespace vmafx::trainer {

// The distribution project's registry, built by tools/companions, on a loopback port. Ends
// with this, on the thread that started it.
class RealRegistry {
 public:
  // Builds it where that has not been done, which takes minutes.
  static base::Result<RealRegistry> Start(const base::Until& until);

  std::string host() const { return port_.address(); }  // "127.0.0.1:PORT"

 private:
  explicit RealRegistry(sys::TempDir folder) : folder_(std::move(folder)) {}

  sys::TempDir folder_;
  net::testing::ReservedPort port_;
  std::optional<sys::Process> process_;
};

}  // namespace vmafx::trainer
