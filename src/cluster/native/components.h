#pragma once

// What runs inside a node, as pure functions: command lines and configuration files. The addresses
// are the same in every cluster, for each has a network of its own.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "cluster/native/state.h"

namespace cluster::native {

struct Addresses {
  std::string node = "10.88.0.1";
  std::string service_range = "10.96.0.0/16";
  std::string first_service = "10.96.0.1";
  std::string dns_service = "10.96.0.10";
  std::string pod_range = "10.244.0.0/16";
  std::string node_pod_range = "10.244.0.0/24";
  std::string bridge = "10.244.0.1";  // of cni0: the pods' gateway
  int bridge_bits = 24;
  int api_port = 6443;
};

// All that the command lines depend on.
struct NodeSpec {
  Layout layout;
  std::filesystem::path bin;  // the Kubernetes programs
  std::string node_name;
  std::string cgroup;  // its root of all Pods' cgroups, without a slash
  Addresses addresses;
  // False on file systems whose usage the kubelet cannot measure (overlay, 9p): it would not start.
  bool measure_storage = true;
  bool audit = false;  // requests are noted in logs/audit.log
};

// One program that the init keeps running, or (once) runs to its end.
struct Component {
  std::string name;  // also of its log
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  bool once = false;
};

Component Network(const NodeSpec& node);
// Lets the machine reach the API server through a listening socket of its own, descriptor 3
// (relay.h).
Component Relay(const NodeSpec& node);
Component Etcd(const NodeSpec& node);
Component ApiServer(const NodeSpec& node);
Component ControllerManager(const NodeSpec& node);
Component Scheduler(const NodeSpec& node);
Component Containerd(const NodeSpec& node);
Component Kubelet(const NodeSpec& node);
Component Proxy(const NodeSpec& node);
Component CoreDns(const NodeSpec& node);

struct ConfigFile {
  std::filesystem::path path;
  std::string content;
};

// The files that the command lines above name, keys aside.
std::vector<ConfigFile> ConfigFiles(const NodeSpec& node);

// The global sysctls that the kubelet wants, by file below /proc/sys. They are given to it by files
// mounted over the real ones, so that the machine keeps its own.
// https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/cm/container_manager_linux.go
std::map<std::string, std::string> GlobalSysctls();
// Those of the node's own network that nothing in Kubernetes sets.
std::map<std::string, std::string> NetworkSysctls();

}  // namespace cluster::native
