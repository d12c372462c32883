#include "vmafx/controller/confine.h"

namespace vmafx::controller {

using base::Code;
using base::Fail;

base::Result<Worker> Confine(Worker worker, const Caller& caller) {
  worker.owner = caller.Id();
  if (!caller.name_space.empty()) {
    if (worker.name_space.empty()) worker.name_space = caller.name_space;
    if (worker.name_space != caller.name_space) {
      return Fail(Code::kDenied, "namespace \"{}\" is not that of {}", worker.name_space,
                  caller.name);
    }
  }
  if (caller.role != Role::kWorker) return worker;
  if (caller.pod.empty()) {
    return Fail(Code::kDenied,
                "the token of {} is bound to no Pod: it must come from a projected "
                "volume of the worker's Pod",
                caller.name);
  }
  if (worker.name != caller.pod) {
    return Fail(Code::kDenied, "name \"{}\" is not that of the token's Pod, {}", worker.name,
                caller.pod);
  }
  if (worker.pool) {
    return Fail(Code::kDenied, "{} may not take unpinned jobs (VMAFX_AUTH_POOL_NODES)",
                caller.name);
  }
  worker.confined_to = caller.name_space;
  return worker;
}

}  // namespace vmafx::controller
