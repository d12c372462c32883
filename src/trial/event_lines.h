#pragma once

// The events of a namespace as lines of text.

#include <string>
#include <vector>

#include "kube/client.h"

namespace trial {

// "WHEN\tTYPE\tKIND NAME\tREASON\tMESSAGE", oldest first.
base::Result<std::vector<std::string>> EventLines(kube::Client& client, const std::string& ns,
                                                  const base::Until& until);

}  // namespace trial
