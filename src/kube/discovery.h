#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "kube/object.h"

namespace kube {

// The kinds of an APIResourceList, which is what the server answers at a group version's path;
// subresources are left out. What is malformed is left out too.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
std::vector<Resource> ParseResources(const Json& list, const Kind& group_version);

// What discovery has told so far, by group version. Thread-safe.
class DiscoveryCache {
 public:
  std::optional<Resource> Find(const Kind& kind) const;
  // Replaces what is known of the group version of `kind` (its kind does not matter).
  void Put(const Kind& kind, std::vector<Resource> resources);
  // The next Find of that group version finds nothing.
  void Forget(const Kind& kind);

 private:
  base::Guarded<std::map<std::string, std::vector<Resource>>> by_version_;
};

}  // namespace kube
