#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

struct Lease {
  std::string job;
  std::string name_space;  // of the job
  Holder holder;
  base::Instant expires;
  bool restored = false;  // from disk at start, and its worker was not heard since
};

struct RunningJob {
  std::string id;
  int32_t attempt = 0;  // 0: the worker does not say
};

// Until when each running job's worker is believed alive. In memory only: a heartbeat costs no disk
// write, and after a restart every lease starts anew with its whole time, so a worker that lived on
// through the restart keeps its job. Fed by the store's changes. Thread-safe, never blocks.
class Leases {
 public:
  Leases(base::Clock& clock, base::Duration time_to_live)
      : clock_(clock), time_to_live_(time_to_live) {}

  // Starts the lease of a running job (again, when its session changed) or ends that of any other.
  void Observe(const Job& job);

  // Observe, for a job that was running when the controller started.
  void Restore(const Job& job);

  // Renews those of `running` that `worker` holds, and returns the ids of those it does not hold
  // (any more): the worker should stop them.
  std::vector<std::string> Renew(const Holder& worker, const std::vector<RunningJob>& running);

  // Leases whose time is over. They stay until Observe sees their job changed.
  std::vector<Lease> Expired() const;

 private:
  base::Clock& clock_;
  base::Duration time_to_live_;
  base::Guarded<std::map<std::string, Lease>> leases_;
};

}  // namespace vmafx::controller
