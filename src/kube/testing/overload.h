#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/kubeconfig.h"

namespace kube::testing {

// A real overload of the shared API server, for one user: the priority level of that user's
// requests has no seats, so that they are served one at a time, and the one that is served does not
// end (an admission webhook keeps it). All others are answered 429 with Retry-After.
// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
// One thread; problems are failures of the running test. Destruction ends it and removes all that
// it made.
class Overload {
 public:
  // Makes the user, who may do everything; nothing is refused yet. `admin` must outlive it.
  explicit Overload(Client& admin);
  ~Overload();

  const ClusterAccess& user() const;

  // When it returns, requests of the user are refused.
  void Begin();
  void End();

  // How many requests the server has answered 429 so far, by its own count.
  int Refused();
  // Waits until there are more than `count`.
  void AwaitRefused(int count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kube::testing
