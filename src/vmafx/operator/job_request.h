#pragma once

#include <string>

#include "base/result.h"
#include "vmafx/api/job.h"
#include "vmafx/operator/controller_client.h"

namespace vmafx::operators {

// What to submit to the controller for `job`, with its UID as idempotency key and pinned, so that
// only its own worker takes it. kInvalid: the job can never run as it is written; the message says
// which field and what would be right. The backend is the one that will really be used.
base::Result<rpc::SubmitJobRequest> MakeSubmitRequest(const api::Job& job);

// Whether the job asks for a backend that is not there and allows the CPU instead.
bool FallsBackToCpu(const api::JobSpec& spec);

}  // namespace vmafx::operators
