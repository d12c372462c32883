#include "cluster/native/node_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/text.h"
#include "cluster/native/enter.h"
#include "sys/fd.h"

namespace cluster::native {

namespace {

using std::chrono::milliseconds;

constexpr base::Duration kAgain = milliseconds(10);

sockaddr_in AddressOf(const std::string& ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

base::Error Over(const base::Until& until, const std::string& what) {
  return base::Fail(until.Stopped() ? base::Code::kCancelled : base::Code::kTimeout,
                    "waiting for {}", what);
}

}  // namespace

base::Result<> AwaitPort(int pidfd, int port, const base::Until& until) {
  const sockaddr_in address = AddressOf("127.0.0.1", port);
  do {
    const sys::Fd socket = TRY(SocketInside(pidfd, AF_INET, SOCK_STREAM));
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return base::Ok();
  } while (until.Pause(kAgain));
  return Over(until, fmt::format("port {} of the node", port));
}

base::Result<> AwaitSocket(const std::filesystem::path& path, const base::Until& until) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.string().size() >= sizeof address.sun_path)
    return base::Fail(base::Code::kInvalid, "{}: too long for a socket's path (107 at most)",
                      path.string());
  std::memcpy(address.sun_path, path.c_str(), path.string().size());
  do {
    const sys::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
      return base::Ok();
  } while (until.Pause(kAgain));
  return Over(until, path.string());
}

std::string DnsQuery(uint16_t id, const std::string& name) {
  std::string query;
  const auto number = [&query](uint16_t value) {
    query += static_cast<char>(value >> 8);
    query += static_cast<char>(value & 0xff);
  };
  // Header: recursion desired, one question.
  for (const uint16_t value :
       {id, uint16_t{0x0100}, uint16_t{1}, uint16_t{0}, uint16_t{0}, uint16_t{0}})
    number(value);
  for (const std::string& label : base::Split(name, '.')) {
    query += static_cast<char>(label.size());
    query += label;
  }
  query += '\0';
  number(1);  // type A
  number(1);  // class IN
  return query;
}

bool DnsAnswerHas(std::string_view answer, uint16_t id, const std::string& address) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(answer[at]); };
  if (answer.size() < 12 || (byte(0) << 8 | byte(1)) != id) return false;
  const bool response = (byte(2) & 0x80) != 0;
  const int code = byte(3) & 0x0f;
  in_addr wanted{};
  if (!response || code != 0 || inet_pton(AF_INET, address.c_str(), &wanted) != 1) return false;
  // An A record ends with its data length, 4, and the address: enough to find it without following
  // the compressed names before it.
  std::string record("\0\4", 2);
  record.append(reinterpret_cast<const char*>(&wanted.s_addr), 4);
  return answer.substr(12).find(record) != std::string_view::npos;
}

base::Result<> AwaitName(int pidfd, const std::string& server, const std::string& name,
                         const std::string& address, const base::Until& until) {
  const sockaddr_in target = AddressOf(server, 53);
  uint16_t id = 0;
  do {
    // A new socket for each try: one that was sent before the Service existed is remembered by
    // conntrack and would go astray for as long.
    const sys::Fd socket = TRY(SocketInside(pidfd, AF_INET, SOCK_DGRAM));
    const std::string query = DnsQuery(++id, name);
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 ||
        send(socket.get(), query.data(), query.size(), 0) < 0)
      continue;
    char answer[1500];
    pollfd fd{socket.get(), POLLIN, 0};
    if (poll(&fd, 1, 20) <= 0) continue;
    const ssize_t size = recv(socket.get(), answer, sizeof answer, 0);
    if (size > 0 && DnsAnswerHas({answer, static_cast<size_t>(size)}, id, address))
      return base::Ok();
  } while (until.Pause(kAgain));
  return Over(until, fmt::format("an answer of {} for {}", server, name));
}

}  // namespace cluster::native
