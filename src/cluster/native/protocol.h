#pragma once

// What `up` and the init of a node say to each other, over a socket pair that only they have: JSON,
// one message a packet, with file descriptors beside it. When the socket closes before hand-over,
// the init ends the node: this is its life-line.

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/native/components.h"
#include "sys/fd.h"
#include "value/json.h"

namespace cluster::native {

struct Packet {
  value::Json message;
  std::vector<sys::Fd> fds;
};

// A pair of connected ends, both closed on exec.
struct Channel {
  sys::Fd ours;
  sys::Fd theirs;
};
base::Result<Channel> MakeChannel();

// kUnavailable when the other end is closed.
base::Result<> SendPacket(int socket, const value::Json& message, const std::vector<int>& fds = {});
// Blocks until there is a packet. kUnavailable when the other end is closed.
base::Result<Packet> ReceivePacket(int socket);

value::Json ToJson(const Component& component, const std::string& log);
// kInvalid when it is not what ToJson makes.
base::Result<Component> ComponentFromJson(const value::Json& json);

}  // namespace cluster::native
