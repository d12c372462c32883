#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace vmafx::node {

// Spreads waits, so that workers that lost the same controller do not come back in step: with
// another `name` they come otherwise. One thread.
class Spread {
 public:
  explicit Spread(const std::string& name);

  // `wait`, shortened by up to a quarter.
  base::Duration Below(base::Duration wait);

 private:
  uint64_t random_;
};

// The waits between attempts: `first`, doubled up to `most`, spread. One thread.
class Backoff {
 public:
  Backoff(base::Duration first, base::Duration most, const std::string& name);

  base::Duration Next();
  // The next wait is `first` again.
  void Reset() { next_ = first_; }

 private:
  base::Duration first_;
  base::Duration next_;
  base::Duration most_;
  Spread spread_;
};

// Whether the same call may work later: the controller was not reached, was slow, or stumbled.
bool MayRetry(const base::Error& error);

}  // namespace vmafx::node
