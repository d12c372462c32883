#pragma once

#include "base/result.h"
#include "vmafx/api/job.h"
#include "vmafx/v1/scoring.pb.h"

namespace vmafx::api {

// kInvalid when the job can never run as it is written: names every field that is wrong, and what
// would be right. What only the worker can know (is the file there? is it what it says?) is not
// looked at, nor whether the backend is there. Pure.
base::Result<> CheckJob(const Job& job);

// spec.options as a message. kInvalid names what is unknown ("did you mean"), of another type or
// out of range, as JSON writes it.
base::Result<v1::ScoreOptions> ReadScoreOptions(const kube::Json& options);

}  // namespace vmafx::api
