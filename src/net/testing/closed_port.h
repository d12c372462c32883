#pragma once

#include "sys/fd.h"

namespace net::testing {

// A port of 127.0.0.1 where nobody listens: whoever connects is refused. It is held, so that nobody
// else begins to listen there meanwhile. Ends the test program where there is none.
class ClosedPort {
 public:
  ClosedPort();

  int number() const { return number_; }

 private:
  sys::Fd bound_;
  int number_ = 0;
};

}  // namespace net::testing
