#include "vmafx/controller/leases.h"

namespace vmafx::controller {

void Leases::Observe(const Job& job) {
  leases_.With([&](auto& leases) {
    if (job.status != Status::kRunning) {
      leases.erase(job.id);
      return;
    }
    leases[job.id] = {.job = job.id,
                      .holder = {job.node, job.session, job.attempt},
                      .expires = clock_.Now() + time_to_live_};
  });
}

std::vector<std::string> Leases::Renew(const std::string& node, const std::string& session,
                                       const std::vector<RunningJob>& running) {
  return leases_.With([&](auto& leases) {
    std::vector<std::string> lost;
    for (const RunningJob& job : running) {
      auto found = leases.find(job.id);
      const bool held = found != leases.end() && found->second.holder.node == node &&
                        (job.attempt != 0 ? found->second.holder.attempt == job.attempt
                                          : found->second.holder.session == session);
      if (held) {
        found->second.expires = clock_.Now() + time_to_live_;
      } else {
        lost.push_back(job.id);
      }
    }
    return lost;
  });
}

std::vector<Lease> Leases::Expired() const {
  return leases_.Read([&](const auto& leases) {
    std::vector<Lease> expired;
    for (const auto& [id, lease] : leases) {
      if (lease.expires <= clock_.Now()) expired.push_back(lease);
    }
    return expired;
  });
}

}  // namespace vmafx::controller
