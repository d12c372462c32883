#pragma once

#include <string>

#include "sys/fd.h"

namespace net::testing {

// A loopback TCP port that nobody else is given as long as this lives, for servers that start later
// than their clients, or end and start again on the same port. A port that was merely free a moment
// ago may be another program's by then, and a client that asks there may even be connected to
// itself. Nobody listens here: connections are refused until a server listens on the port, which is
// open to all that set SO_REUSEADDR on their socket before they bind it: all of ours, gRPC,
// programs in Go. socket(7), ip(7)
class ReservedPort {
 public:
  ReservedPort();

  int number() const { return number_; }
  std::string address() const;  // "127.0.0.1:PORT"

 private:
  sys::Fd socket_;  // bound, and never listening
  int number_ = 0;
};

}  // namespace net::testing
