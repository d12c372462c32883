#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"

namespace kube::testing {

// The folder of the Kubernetes programs that tests use: $SEATRIAL_KUBERNETES_BIN, else what
// `tools/kubernetes/build --path` says in $SEATRIAL_SOURCE_DIR (else in the current folder).
// kNotFound says how to build them.
base::Result<std::filesystem::path> KubernetesPrograms(const base::Until& until);

// A real Kubernetes API: etcd and kube-apiserver as plain children on loopback ports, with state
// and logs in a temporary folder. Needs no root. Ready in about 3 s. There is no controller-manager
// and no node: nothing runs Pods, makes default service accounts (that admission is off) or empties
// deleted namespaces. One thread; it must be the one that lives longest, because the children die
// with the thread that started them. Destruction kills both and removes the folder.
class ApiServer {
 public:
  // The end of the logs is in the error.
  static base::Result<std::unique_ptr<ApiServer>> Start(const std::filesystem::path& programs,
                                                        const base::Until& until);
  ~ApiServer();

  // Somebody of group system:masters, who may do everything.
  ClusterAccess Admin() const;
  // Somebody else, who may do what RBAC says.
  base::Result<ClusterAccess> As(const std::string& user,
                                 const std::vector<std::string>& groups = {}) const;

  // SIGTERM, and up again on the same port, ready.
  base::Result<> Restart(const base::Until& until);
  // SIGKILL: gone when this returns. Resume brings it back, ready.
  void Kill();
  base::Result<> Resume(const base::Until& until);

  // Removes an object behind the API server's back, as another replica of it would.
  // `path` as etcd has it: "/registry/configmaps/default/web".
  base::Result<> RemoveFromEtcd(const std::string& path, const base::Until& until);
  // Drops all history up to now, as Kubernetes does every 5 minutes.
  base::Result<> CompactEtcd(const base::Until& until);

  // Holds etcd.log and kube-apiserver.log.
  const std::filesystem::path& folder() const;

 private:
  struct State;
  explicit ApiServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The one instance that all tests of a program share, started at the first call and ended after the
// last test. Each test works in a namespace of its own and leaves the server up. Ends the program
// with a message when it cannot be started. Call it from the main thread.
ApiServer& SharedApiServer();

// Waits until `user` may read objects of `kind` in `ns` (a minute at most; then the running test
// fails): the server takes new rules over when it likes.
void AwaitRightToRead(Client& user, const Kind& kind, const std::string& ns);

// A new namespace of the shared server, called after the running test; it is deleted at the end
// (but never emptied: see ApiServer).
class TestNamespace {
 public:
  explicit TestNamespace(Client& client);
  ~TestNamespace();
  TestNamespace(const TestNamespace&) = delete;
  TestNamespace& operator=(const TestNamespace&) = delete;
  const std::string& name() const { return name_; }

 private:
  Client& client_;
  std::string name_;
};

}  // namespace kube::testing
