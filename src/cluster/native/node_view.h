#pragma once

// What a node's processes see of the machine's files.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/native/state.h"

namespace cluster::native {

struct NodeView {
  std::string host_name;
  Layout layout;
  // Folders that must be seen at their own paths whatever is mounted above them.
  std::vector<std::filesystem::path> keep;
  // Files below /proc/sys and their contents: global ones, of which the node gets its own copies,
  // and those of its network namespace, which are set.
  std::map<std::string, std::string> global_sysctls;
  std::map<std::string, std::string> network_sysctls;
};

// Turns this process's mount namespace, which must be new, into the node's view. The machine's
// files stay where they are; what a node writes goes elsewhere:
//
//   /run, /etc, /var/lib, /var/log   changes go to memory (tmpfs, overlays over the machine's)
//   /tmp, /var/lib/kubelet, /var/lib/containerd, /var/lib/cni, /etc/cni, /var/log/pods,
//   /var/log/containers              folders of the state folder
//   /etc/hostname, hosts, machine-id, resolv.conf   the node's own
//   /proc, /sys                      new ones, of the node's process and network namespaces
//   sysctls                          files with the wanted values over the real ones
//
// Nothing is made on the machine: not even mount points. Everything is shared within the namespace
// at the end, as the kubelet needs for mount propagation. On failure the namespace is half changed:
// leave it.
base::Result<> EnterNodeView(const NodeView& view);

}  // namespace cluster::native
