#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace vmafx::node {

// The waits between attempts: `first`, doubled up to `most`, each shortened by up to a quarter so
// that workers that lost the same controller do not come back in step. One thread.
class Backoff {
 public:
  // `name` makes each worker's waits its own.
  Backoff(base::Duration first, base::Duration most, const std::string& name);

  base::Duration Next();

 private:
  base::Duration next_;
  base::Duration most_;
  uint64_t random_;
};

// Whether the same call may work later: the controller was not reached, was slow, or stumbled.
bool MayRetry(const base::Error& error);

}  // namespace vmafx::node
