#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sys/files.h"
#include "sys/process.h"

namespace vmafx::trainer {

// The distribution project's registry, built by tools/companions, on a free loopback port. Ends
// with this, on the thread that started it.
class RealRegistry {
 public:
  // Builds it where that has not been done, which takes minutes.
  static base::Result<RealRegistry> Start(const base::Until& until);

  const std::string& host() const { return host_; }

 private:
  RealRegistry(sys::TempDir folder, std::string host)
      : folder_(std::move(folder)), host_(std::move(host)) {}

  sys::TempDir folder_;
  std::string host_;
  std::optional<sys::Process> process_;
};

}  // namespace vmafx::trainer
