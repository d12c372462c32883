#include "vmafx/controller/leases.h"

namespace vmafx::controller {

namespace {

bool IsHeldBy(const Lease& lease, const Holder& worker, int32_t attempt) {
  // Names of Pods are unique in their namespace only.
  if (worker.confined_to && *worker.confined_to != lease.name_space) return false;
  if (lease.holder.node != worker.node) return false;
  return attempt != 0 ? lease.holder.attempt == attempt : lease.holder.session == worker.session;
}

}  // namespace

void Leases::Observe(const Job& job) {
  leases_.With([&](auto& leases) {
    if (job.status != Status::kRunning) {
      leases.erase(job.id);
      return;
    }
    leases[job.id] = {.job = job.id,
                      .name_space = job.name_space,
                      .holder = {.node = job.node, .session = job.session, .attempt = job.attempt},
                      .expires = clock_.Now() + time_to_live_};
  });
}

void Leases::Restore(const Job& job) {
  Observe(job);
  leases_.With([&](auto& leases) {
    auto found = leases.find(job.id);
    if (found != leases.end()) found->second.restored = true;
  });
}

std::vector<std::string> Leases::Renew(const Holder& worker,
                                       const std::vector<RunningJob>& running) {
  return leases_.With([&](auto& leases) {
    std::vector<std::string> lost;
    for (const RunningJob& job : running) {
      auto found = leases.find(job.id);
      if (found != leases.end() && IsHeldBy(found->second, worker, job.attempt)) {
        found->second.expires = clock_.Now() + time_to_live_;
        found->second.restored = false;
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
