#pragma once

// Everything that a cluster serves.

#include <vector>

#include "kube/client.h"

namespace kube {

// Each kind once, in its group's preferred version, as discovery tells it now; subresources left
// out. A group that cannot be asked (its own API server is down) is left out and named in `missing`
// if given. Errors as kube::Reader.
base::Result<std::vector<Resource>> AllKinds(Client& client, std::vector<std::string>* missing,
                                             const base::Until& until);

// Does the kind know the verb ("list")?
bool Can(const Resource& resource, const std::string& verb);

}  // namespace kube
