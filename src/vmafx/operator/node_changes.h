#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "kube/store.h"

namespace vmafx::operators {

// Tells the changes of VmafxNodes that concern others, jobs and trainings, from their heartbeats,
// which come every few seconds and concern nobody. Thread-safe.
class NodeChanges {
 public:
  // True the first time that a node is seen, when it goes, and when its spec, its labels, its
  // health or the reason for that changed.
  bool Matters(const kube::Change& change);

  // All of `others` in the node's namespace if the change matters, else nobody.
  std::vector<kube::Key> Concerned(const kube::Change& change, const kube::Store& others);

 private:
  base::Guarded<std::map<kube::Key, std::string>> seen_;
};

}  // namespace vmafx::operators
