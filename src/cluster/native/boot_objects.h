#pragma once

#include <string>
#include <vector>

#include "cluster/native/components.h"

namespace cluster::native {

// Kubernetes objects (JSON) that make the cluster complete, each with the path to POST it to.
struct BootObject {
  std::string path;
  std::string json;
};
// What the API server needs to reach the kubelet's logs and exec.
std::vector<BootObject> AccessObjects();
// Cluster DNS: the role of CoreDNS, Service kube-dns and its EndpointSlice.
std::vector<BootObject> DnsObjects(const Addresses& addresses);
// The default StorageClass "standard".
std::vector<BootObject> StorageObjects();

}  // namespace cluster::native
