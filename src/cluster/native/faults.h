#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/provider.h"
#include "sys/fd.h"

namespace cluster::native {

// A service of a node as this machine sees it: a child of the node's init, never anything else.
struct ServiceProcess {
  pid_t pid = 0;  // here
  sys::Fd pidfd;
  bool stopped = false;  // by SIGSTOP
};

// The child of `init` that the node numbers `inside`. kNotFound when there is none (any more).
base::Result<ServiceProcess> FindService(pid_t init, pid_t inside);

// Signals it; for kKill returns when it has ended.
base::Result<> InjectFault(const ServiceProcess& service, Fault fault, const base::Until& until);

// What proc(5) says of a process in /proc/PID/status, as far as it matters here; nullopt when it is
// not such a file.
struct ProcessStatus {
  pid_t parent = 0;
  pid_t innermost = 0;  // its number in its own PID namespace
  bool stopped = false;
};
std::optional<ProcessStatus> ParseProcessStatus(std::string_view text);

}  // namespace cluster::native
