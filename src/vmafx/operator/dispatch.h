#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "kube/object.h"
#include "vmafx/operator/worker_pod.h"

namespace vmafx::operators {

// A job that needs a worker now.
struct Waiting {
  kube::Key job;
  int priority = 0;
  std::string created_at;   // RFC 3339: the order of text is the order of time
  std::string backend;      // that it asks for
  bool falls_back = false;  // the CPU may stand in for the backend
};

// A place where workers run: a VmafxNode.
struct Pool {
  kube::Key node;
  std::string vendor;
  int capacity = 1;
  std::string image;
  bool healthy = true;
  std::string trouble;  // why it is not
};
Pool ReadPool(const kube::Object& vmafx_node);

// The workers that run: for each VmafxNode, and under the operator's own limit.
struct Load {
  std::map<kube::Key, int> nodes;
  int without_node = 0;
};

// For each waiting job its slot, or why it has none yet.
struct Grant {
  bool granted = false;
  Slot slot;
  std::string reason;   // "NoFreeSlot", "NoMatchingNode"
  std::string message;  // for people
};

// Hands out the free slots: highest priority first, then oldest, then by name. In a namespace with
// VmafxNodes a job goes to the least loaded one of its vendor that is healthy (a job that may fall
// back goes to one of vendor cpu where its own has none); elsewhere at most `max_concurrent` run at
// once. A slot on a backend's own ground asks for its device, also for a job that will be scored on
// the CPU. Pure.
std::map<kube::Key, Grant> Assign(std::vector<Waiting> waiting, const std::vector<Pool>& pools,
                                  Load load, int max_concurrent);

// The gpuVendor of the VmafxNodes that can run a backend.
std::string VendorOf(const std::string& backend);

// The extended resource by which Kubernetes knows a backend's devices, "" for cpu and metal.
// https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
std::string DeviceOf(const std::string& backend);

// Slots given to Pods that the Pod store does not show yet, so that two workers of the operator
// never give one slot twice. Thread-safe.
class Reservations {
 public:
  // Calls decide(reserved) with the lock held: the reserved slots by job. A granted answer reserves
  // its slot until Release.
  template <typename Decide>
  Grant Reserve(const kube::Key& job, Decide&& decide) {
    return slots_.With([&](std::map<kube::Key, Slot>& slots) {
      Grant grant = decide(std::as_const(slots));
      if (grant.granted) slots[job] = grant.slot;
      return grant;
    });
  }
  void Release(const kube::Key& job) {
    slots_.With([&](std::map<kube::Key, Slot>& slots) { slots.erase(job); });
  }

 private:
  base::Guarded<std::map<kube::Key, Slot>> slots_;
};

}  // namespace vmafx::operators
