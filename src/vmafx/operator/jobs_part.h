#pragma once

#include "ctrl/late_part.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/part_context.h"

namespace vmafx::operators {

struct JobsOptions {
  int workers = 4;  // jobs looked at at once
  WorkerSettings worker;
};

// Looks after VmafxJobs: the stream from the controller, the reconciler and its workers.
// `controller` must outlive it.
ctrl::LatePart MakeJobsPart(JobsOptions options, ControllerClient& controller, PartContext context);

}  // namespace vmafx::operators
