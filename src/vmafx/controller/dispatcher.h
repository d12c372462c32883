#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/crew.h"
#include "base/log.h"
#include "vmafx/controller/feed.h"
#include "vmafx/controller/leases.h"
#include "vmafx/controller/metrics.h"
#include "vmafx/controller/outbox.h"
#include "vmafx/controller/partials.h"
#include "vmafx/controller/registry.h"
#include "vmafx/controller/store.h"
#include "vmafx/controller/waiters.h"

namespace vmafx::controller {

struct DispatcherOptions {
  std::filesystem::path database = "vmafx-controller.db";
  StoreOptions store;
  base::Duration lease_ttl = std::chrono::seconds(60);
  base::Duration session_ttl = std::chrono::seconds(60);
  base::Duration sweep_interval = std::chrono::seconds(5);
  base::Duration retention = std::chrono::hours(168);  // of finished jobs; 0: they are kept
  base::Duration prune_interval = std::chrono::minutes(1);
  OutboxOptions outbox;
  std::string version = "dev";
};

struct HeartbeatAnswer {
  bool known = false;  // false: register again
  std::vector<std::string> cancel;
};

struct JobWithFrames {
  Job job;
  Partial partial;  // so far; of a completed job all scores
  std::vector<Series> series;
};

// What each call to the controller means, in plain types: the store on disk, and in memory the
// workers' sessions, leases and partial scores, kept in step with every committed change. Threads
// of its own look for lost workers, remove old jobs and bring samples to trainers. Who may call is
// not decided here (identity.h). Thread-safe; errors are the store's, and kDenied for a wrong
// session.
class Dispatcher {
 public:
  static base::Result<std::unique_ptr<Dispatcher>> Start(DispatcherOptions options,
                                                         base::Clock& clock, base::Log log);

  // Clients.
  base::Result<std::string> Submit(const NewJob& job, const base::Until& until);
  base::Result<JobWithFrames> Get(const std::string& id, const base::Until& until);
  // Oldest first, in pages (store.h).
  base::Result<JobPage> List(const std::vector<Status>& statuses, int64_t after,
                             const base::Until& until);
  base::Result<Job> Cancel(const std::string& id, const base::Until& until);
  // The job's worker is known to be gone. kConflict when another worker than `node` has the lease
  // (empty: any).
  base::Result<Job> Release(const std::string& id, const std::string& node,
                            const std::string& reason, const base::Until& until);
  base::Result<Job> GiveUp(const std::string& id, const std::string& reason,
                           const base::Until& until);
  // Submits an unpinned job and waits until it is finished. kUnavailable: no live worker takes
  // unpinned jobs, or the controller stops (then the job stays). kTimeout: `until` is over; the job
  // is cancelled, for nobody waits for it any more. The errors name the job.
  base::Result<Job> Score(const NewJob& job, const base::Until& until);
  std::vector<NodeView> Nodes(const std::string& name_space) const {
    return registry_.Nodes(name_space);
  }
  // Every change committed from now on.
  std::shared_ptr<Feed::Subscription> Subscribe() { return feed_.Subscribe(); }

  // Workers.
  base::Result<Session> Register(Worker worker);
  HeartbeatAnswer Heartbeat(const SessionKey& session, const std::vector<RunningJob>& running,
                            int32_t jobs_running);
  // `job` empty: the next unpinned one that matches `capability`. kDenied for a job that the worker
  // may not have.
  base::Result<std::optional<Job>> Pull(const SessionKey& session, const Capability& capability,
                                        const std::string& job, const base::Until& until);
  // False: scores before partial.first are missing, send from frame 0 again.
  base::Result<bool> ReportPartial(const SessionKey& session, const RunningJob& job,
                                   const Partial& partial);
  // kInvalid: the feedback is no feedback of this job for trainers of its namespace.
  base::Result<> ReportFinal(const SessionKey& session, const RunningJob& job,
                             const Outcome& outcome, const base::Until& until);

  // Everything works: the last commit did.
  base::Result<> Ready() const { return store_->Health(); }
  base::Result<std::string> RenderMetrics(const base::Until& until);
  Metrics& metrics() { return metrics_; }

  // Ends all subscriptions and waits; calls under way are finished. For an orderly stop.
  void Drain();

 private:
  Dispatcher(const DispatcherOptions& options, base::Clock& clock, base::Log log);
  void Observe(const std::vector<Change>& changes);
  base::Result<> RestoreLeases();
  void SweepLoop(std::stop_token stop, base::Duration interval);
  void Sweep(const base::Until& until);
  void PruneLoop(std::stop_token stop, base::Duration interval, base::Duration retention);
  base::Result<> Prune(base::Duration retention, const base::Until& until);

  base::Clock& clock_;
  base::Log log_;
  Registry registry_;
  Leases leases_;
  Partials partials_;
  Feed feed_;
  Waiters waiters_;
  Metrics metrics_;
  std::unique_ptr<JobStore> store_;  // after all that Observe uses
  std::unique_ptr<Outbox> outbox_;
  base::Crew crew_;
};

}  // namespace vmafx::controller
