#pragma once

#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "vmafx/node/controller_client.h"
#include "vmafx/node/feedback.h"
#include "vmafx/node/job_worker.h"
#include "vmafx/node/session.h"

namespace vmafx::node {

struct RunOnceOptions {
  std::string job_id;
  SessionOptions session;
  WorkOptions work;
  base::Duration connect_patience = std::chrono::minutes(2);  // to register
  base::Duration pull_patience = std::chrono::seconds(90);    // while another worker has the job
  base::Duration poll_interval = std::chrono::seconds(2);
};

enum class Ending {
  kReported,     // the controller has the job's result: a score, or why there is none
  kNothingToDo,  // the job was finished already
  kInterrupted,  // asked to stop; the job was given back
};

// Does one job: registers, pulls it, scores it, tells the trainers, reports, with heartbeats all
// along. A job that cannot be scored is a reported failure, not an error. When `until` is stopped,
// a job in hand is given back with "node shutting down, job interrupted". Errors: the controller
// could not be reached, does not know the job, or refused the report; the job is then left to its
// lease.
base::Result<Ending> RunOnce(const RunOnceOptions& options, ControllerClient& client,
                             Feedback& feedback, base::Clock& clock, base::Log log,
                             const base::Until& until);

}  // namespace vmafx::node
