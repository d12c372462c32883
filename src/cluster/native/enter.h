#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/native/state.h"
#include "cluster/provider.h"
#include "sys/fd.h"

namespace cluster::native {

// The command line of the hidden command that runs `argv` inside the node whose PID 1 is
// `init_pid`: RunEnter's arguments.
std::vector<std::string> EnterCommand(const std::filesystem::path& program, const Cluster& cluster,
                                      Inside inside, const std::vector<std::string>& argv);

// `seatrial capsule-enter PID network|node RESOLV_CONF ARGV...`. With `network` the program runs in
// the node's network, names being resolved by the cluster's DNS, and replaces this process; with
// `node` it runs as a child in all namespaces of the node and this waits for it. Returns the exit
// status: 125 when the node cannot be entered, 127 when the program is not there.
int RunEnter(const std::vector<std::string>& arguments);

// A socket in the network of the node `pidfd`, usable from here: it keeps that network. Makes and
// joins a thread, for setns(2) moves only the thread that calls it.
base::Result<sys::Fd> SocketInside(int pidfd, int family, int type);

}  // namespace cluster::native
