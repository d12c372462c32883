#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "net/http.h"
#include "value/json.h"

namespace vmafx::client {

// The URL of a trainer's status: `trainer` is "NAME.NAMESPACE" of a VmafxModelTraining (its Service
// inside the cluster), "HOST:PORT", or a URL with or without "/status". kInvalid: none of these.
base::Result<std::string> StatusUrl(const std::string& trainer);

// What the trainer answers. kUnavailable, kTimeout: it is not reached; kInvalid: something else
// answers there. The message has the URL and, for a name inside the cluster, how to reach it.
base::Result<value::Json> TrainingStatus(net::Http& http, const std::string& trainer,
                                         const base::Until& until);

}  // namespace vmafx::client
