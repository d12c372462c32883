#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace cluster::native {

// Waits for what is inside a node and cannot be watched: tries again every few milliseconds, on the
// node's own network (SocketInside).

// Waits until TCP 127.0.0.1:`port` of the node accepts.
base::Result<> AwaitPort(int pidfd, int port, const base::Until& until);

// Waits until the Unix socket at `path` (seen from here) accepts.
base::Result<> AwaitSocket(const std::filesystem::path& path, const base::Until& until);

// Waits until the DNS server `server` of the node says that `name` has the address `address`.
base::Result<> AwaitName(int pidfd, const std::string& server, const std::string& name,
                         const std::string& address, const base::Until& until);

// A DNS query for the A record of `name` (RFC 1035, 4.1), and whether `answer` is a successful
// response to the query `id` that holds `address` as an A record.
std::string DnsQuery(uint16_t id, const std::string& name);
bool DnsAnswerHas(std::string_view answer, uint16_t id, const std::string& address);

}  // namespace cluster::native
