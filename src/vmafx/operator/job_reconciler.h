#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "ctrl/reconciler.h"
#include "kube/client.h"
#include "vmafx/api/job.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/events.h"
#include "vmafx/operator/job_board.h"
#include "vmafx/operator/job_status.h"
#include "vmafx/operator/staffing.h"

namespace vmafx::operators {

// Takes one VmafxJob a step further. What is true wherever it stops or crashes:
// - The finalizer is there before the controller knows the job, so no deletion is missed.
// - Submitting again with the same UID gives the same controller job.
// - A worker Pod's name follows from job and attempt, so none is made twice.
// - A Pod is made before status.attempts counts it, and the count never falls.
// - A worker counts as lost only after a fresh read from the controller shows no result.
// - Events are told before the status says so, under names that a repetition hits again.
class JobReconciler final : public ctrl::Reconciler {
 public:
  // All must outlive it.
  JobReconciler(kube::Client& client, kube::Store& jobs, ControllerClient& controller,
                JobBoard& board, Staffing& staffing, base::Clock& clock, base::Log log);

  base::Result<ctrl::Outcome> Reconcile(const kube::Key& key, const base::Until& until) override;

 private:
  // What a turn knows of its job; `object` is the newest version seen.
  struct Turn {
    kube::Object object;
    api::Job job;
  };

  // An unfinished job, one that is finished, one that is being deleted.
  base::Result<ctrl::Outcome> Advance(Turn& turn, const base::Until& until);
  base::Result<ctrl::Outcome> Retire(Turn& turn, const base::Until& until);
  base::Result<ctrl::Outcome> Dismiss(Turn& turn, const base::Until& until);

  // The controller's job, or nullopt when it has to be submitted (again).
  base::Result<std::optional<rpc::Job>> FindSubmitted(const api::Job& job,
                                                      const base::Until& until);
  base::Result<rpc::Job> Submit(const rpc::SubmitJobRequest& request, const base::Until& until);
  // Makes sure that a worker is at it, or that it is known why not.
  base::Result<> Staff(JobView& view, const base::Until& until);
  // After the last worker ended: the job as the controller has it now, the lease taken from it.
  base::Result<> SettleLostWorker(JobView& view, const base::Until& until);
  base::Result<> CancelAtController(const api::Job& job, const base::Until& until);

  base::Result<> SetFinalizer(Turn& turn, bool present, const base::Until& until);
  base::Result<> SetStatus(Turn& turn, const api::JobStatus& next, const base::Until& until);
  // The Events of what `next` says anew.
  void Tell(const api::Job& job, const api::JobStatus& next, const base::Until& until);

  kube::Client& client_;
  kube::Store& jobs_;
  ControllerClient& controller_;
  JobBoard& board_;
  Staffing& staffing_;
  base::Clock& clock_;
  base::Log log_;
  EventRecorder events_;
};

}  // namespace vmafx::operators
