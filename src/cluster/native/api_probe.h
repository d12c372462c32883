#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "cluster/native/boot_objects.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"

namespace cluster::native {

// A young API server seen from outside: what `up` waits for. Thread-safe. The endpoints of /readyz
// and a port that does not answer yet cannot be watched: they are asked every few milliseconds, all
// else is watched.
class ApiProbe {
 public:
  explicit ApiProbe(kube::ClusterAccess access);

  // Waits until GET `path` is answered with 200. kTimeout tells the last answer.
  base::Result<> AwaitOk(const std::string& path, const base::Until& until);

  // Creates `object`, again while the server is not yet able to (its namespace or an admission
  // plugin is missing); one that exists already is fine.
  base::Result<> Create(const BootObject& object, const base::Until& until);

  // Waits until an object of this name exists for which `ready` is true.
  base::Result<> AwaitObject(const kube::Kind& kind, const kube::Key& key,
                             const std::function<bool(const kube::Object&)>& ready,
                             const base::Until& until);

  // gitVersion of /version: "v1.37.2".
  base::Result<std::string> Version(const base::Until& until);

 private:
  base::Result<net::Response> Send(const std::string& method, const std::string& path,
                                   const std::string& body, const base::Until& until);

  const std::string server_;
  const std::unique_ptr<net::Http> http_;
  const std::unique_ptr<kube::Client> client_;
};

}  // namespace cluster::native
