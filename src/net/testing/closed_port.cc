#include "net/testing/closed_port.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace net::testing {

ClosedPort::ClosedPort() : bound_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(bound_.get(), generic, size) == 0);
  CHECK(getsockname(bound_.get(), generic, &size) == 0);
  number_ = ntohs(address.sin_port);
}

}  // namespace net::testing
