#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/crew.h"
#include "kube/store.h"

namespace vmafx::operators::testing {

// Kubelet and vmafx-node in one, for every worker Pod of a namespace: as soon as a Pod is there it
// runs, pulls its job from the real controller, reports a score and ends; or it ends without a
// word.
class AutoWorker {
 public:
  // `survives` says of a Pod's name whether it reports `score`, or is killed (137) before it pulls.
  // `admin` and `clock` must outlive it.
  AutoWorker(
      kube::Client& admin, base::Clock& clock, std::string ns, std::string controller, double score,
      std::function<bool(const std::string&)> survives = [](const auto&) { return true; });
  // Leaves Pods that it has not begun with as they are.
  ~AutoWorker();

 private:
  void Work(std::stop_token stop);
  void Run(const kube::Object& pod, const base::Until& until);
  void End(const kube::Key& pod, int exit_code, const base::Until& until);

  kube::Client& admin_;
  base::Clock& clock_;
  const std::string ns_;
  const std::string controller_;
  const double score_;
  const std::function<bool(const std::string&)> survives_;
  kube::Store pods_;
  base::Crew crew_;
};

}  // namespace vmafx::operators::testing
