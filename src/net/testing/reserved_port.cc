#include "net/testing/reserved_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/check.h"

namespace net::testing {

ReservedPort::ReservedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // With it on both sockets, and only then, the port can be bound again by its number. A bind of
  // any free port passes it over all the same, and so does a client's own end of a connection.
  const int on = 1;
  CHECK(setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(bind(socket_.get(), generic, size) == 0);
  CHECK(getsockname(socket_.get(), generic, &size) == 0);
  number_ = ntohs(address.sin_port);
}

std::string ReservedPort::address() const {
  return "127.0.0.1:" + std::to_string(number_);
}

}  // namespace net::testing
