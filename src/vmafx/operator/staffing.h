#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kube/client.h"
#include "kube/store.h"
#include "vmafx/api/job.h"
#include "vmafx/operator/dispatch.h"
#include "vmafx/operator/worker_pod.h"

namespace vmafx::operators {

inline const kube::Kind kJobKind{"vmafx.dev", "v1", "VmafxJob"};
inline const kube::Kind kNodeKind{"vmafx.dev", "v1", "VmafxNode"};
inline const kube::Kind kTrainingKind{"vmafx.dev", "v1", "VmafxModelTraining"};

// Live copies of what the operator watches.
struct Stores {
  kube::Store& jobs;       // VmafxJobs
  kube::Store& pods;       // worker Pods
  kube::Store& nodes;      // VmafxNodes
  kube::Store& trainings;  // VmafxModelTrainings
};

// Finds slots for jobs and makes and removes their worker Pods. Thread-safe.
class Staffing {
 public:
  // `wake` looks at another job again, because a slot may be free for it. All must outlive it.
  Staffing(kube::Client& client, Stores stores, base::Clock& clock, WorkerSettings settings,
           std::function<void(const kube::Key&)> wake);

  // The worker Pods of this very job (by UID).
  std::vector<WorkerPod> PodsOf(const api::Job& job) const;

  // Gives `job` a worker for `attempt` if there is a slot for it; otherwise the answer says why
  // not. When it is ok and granted, the Pod exists and the store shows it.
  base::Result<Grant> Staff(const api::Job& job, int attempt, const std::string& controller_job_id,
                            const base::Until& until);

  // Deletes those that have not ended, softly; gone ones are fine.
  base::Result<> DeleteRunning(const std::vector<WorkerPod>& pods, const base::Until& until);

  // The waiting jobs for which there is a slot now. From the stores: does not block.
  std::vector<kube::Key> Servable() const;

 private:
  using Reserved = std::map<kube::Key, Slot>;

  base::Result<> CreateWorker(const api::Job& job, const WorkerOrder& order,
                              const base::Until& until);
  // Whom a worker in this slot tells about its job.
  std::vector<std::string> TrainersOf(const api::Job& job, const Slot& slot) const;
  // What there is to give and who waits, `also` included even if it could not be served lately.
  std::map<kube::Key, Grant> Grants(const Reserved& reserved, const api::Job* also) const;

  kube::Client& client_;
  Stores stores_;
  base::Clock& clock_;
  WorkerSettings settings_;
  std::function<void(const kube::Key&)> wake_;
  Reservations reservations_;
  base::Guarded<std::set<kube::Key>> hindered_;  // jobs whose last Pod could not be created
};

}  // namespace vmafx::operators
