#pragma once

// Keys, certificates and kubeconfigs of one cluster.
// https://kubernetes.io/docs/setup/best-practices/certificates/

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/native/state.h"

namespace cluster::native {

struct PkiOptions {
  std::string cluster_name;
  std::string node_name;
  std::string node_ip;     // the API server's address inside
  std::string service_ip;  // first address of the service range: Service kubernetes
  int api_port = 0;        // on the host's 127.0.0.1
};

// Makes them all (ECDSA P-256) in `layout`, every file 0600:
//
//   pki/ca front-proxy-ca apiserver kubelet-client front-proxy-client node (.crt .key), sa.key .pub
//   config/KUBECONFIG.kubeconfig of controller-manager, scheduler, proxy, kubelet, coredns
//   kubeconfig (host) and inside.kubeconfig, both as system:masters, which works before RBAC does
//
// Etcd has none: it listens on the loopback of the node only.
base::Result<> MakePki(const Layout& layout, const PkiOptions& options, base::WallTime now);

}  // namespace cluster::native
