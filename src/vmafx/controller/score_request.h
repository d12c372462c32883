#pragma once

#include <string>

#include "base/result.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

// The body of POST /v1/score. kInvalid names the field: missing, unknown, of another type.
base::Result<NewJob> ReadScoreRequest(const std::string& body);

}  // namespace vmafx::controller
