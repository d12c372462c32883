#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "vmafx/controller/feedback_table.h"
#include "vmafx/controller/job.h"
#include "vmafx/controller/writer.h"

namespace vmafx::controller {

struct StoreOptions {
  int32_t max_lost_attempts = 3;  // a job fails with the third lost lease
  base::Duration backoff_base =
      std::chrono::seconds(5);  // before a lost unpinned job is given again,
  base::Duration backoff_max = std::chrono::minutes(5);  // doubled with each loss up to this
};

struct QueueDepth {
  int64_t pending = 0;
  int64_t running = 0;
  int64_t oldest_pending_at = 0;  // Unix seconds, 0: none
  int64_t feedback = 0;           // samples that wait for their trainers
};

// A piece of the list of all jobs.
struct JobPage {
  std::vector<Job> jobs;
  int64_t next = 0;  // for the following page; 0: this was the last
};

// The jobs on disk. Every call that changes something answers after its change is flushed to disk,
// and any number of threads share one flush (writer.h). What is answered survives kill -9 and power
// cuts; a running job stays leased across a restart. Thread-safe.
//
// All calls: kUnavailable when the disk refuses, kTimeout and kCancelled when `until` is over: the
// change may still happen, so every call is safe to repeat.
class JobStore {
 public:
  // Opens or makes the database and brings it to this version's schema. `listener` sees every
  // committed change in order, on the writer's thread. kUnavailable: the file cannot be opened or
  // is in use; kInvalid: it was written by a newer version.
  static base::Result<std::unique_ptr<JobStore>> Open(const std::filesystem::path& path,
                                                      StoreOptions options,
                                                      Writer::Listener listener, base::Clock& clock,
                                                      base::Log log);

  // The id of the new job, or of the job that was stored under the same idempotency key before: the
  // first one wins, whatever the second one says.
  base::Result<std::string> Submit(const NewJob& job, const base::Until& until);

  // kNotFound.
  base::Result<Job> Get(const std::string& id, const base::Until& until);
  // Per-frame results of a completed job: the scores first, under the name "", then the features.
  base::Result<std::vector<Series>> Frames(const std::string& id, const base::Until& until);
  // Oldest first; all when `statuses` is empty. In pages of kPage from `after` (0: the first) on,
  // so that other calls come between them.
  static constexpr size_t kPage = 500;
  base::Result<JobPage> List(const std::vector<Status>& statuses, int64_t after,
                             const base::Until& until);
  base::Result<QueueDepth> Depth(const base::Until& until);

  // Cancels a pending or running job; a finished one is returned unchanged. kNotFound.
  base::Result<Job> Cancel(const std::string& id, const base::Until& until);

  // Leases the best unpinned pending job that one of `backends` can do (empty: any) to `holder`:
  // highest priority, then oldest. nullopt when there is none.
  base::Result<std::optional<Job>> ClaimNext(const std::vector<std::string>& backends,
                                             const Holder& holder, const base::Until& until);
  // Leases this job. nullopt while another worker has it; the same lease again when `holder.node`
  // has it. kNotFound; kConflict when it is finished; kDenied when the holder is confined and may
  // not have it (or it is not there: the message does not tell which).
  base::Result<std::optional<Job>> ClaimJob(const std::string& id, const Holder& holder,
                                            const base::Until& until);

  // Ends the holder's attempt: completed, failed or given back. Repeating an accepted report
  // changes nothing, neither does reporting a cancelled job. The feedback is stored with the
  // result. kNotFound; kDenied when the lease is another's; kInvalid: feedback for somebody who is
  // no trainer of the job's namespace.
  base::Result<Job> Finish(const std::string& id, const Holder& holder, const Outcome& outcome,
                           const base::Until& until);

  // Takes the lease of `attempt` away because its worker is gone: the job is pending again, or
  // failed after too many losses. Unchanged when that attempt is not running any more. `event` is
  // what the listener is told: kLost or kLostByRestart. kNotFound.
  base::Result<Job> LoseLease(const std::string& id, int32_t attempt, const std::string& reason,
                              Event event, const base::Until& until);
  // Fails a job that is not finished; no worker will come. kNotFound.
  base::Result<Job> GiveUp(const std::string& id, const std::string& reason,
                           const base::Until& until);

  // Removes at most `most` jobs that were finished before `before` (Unix seconds), with their
  // frames and attempts; how many. Nobody is told.
  base::Result<int64_t> Prune(int64_t before, int64_t most, const base::Until& until);

  // Samples that wait for their trainers (feedback_table.h).
  base::Result<std::vector<std::string>> FeedbackTrainers(const base::Until& until);
  base::Result<std::vector<WaitingSample>> FeedbackFor(const std::string& trainer, int64_t most,
                                                       const base::Until& until);
  base::Result<> SettleFeedback(const std::vector<int64_t>& ids, const base::Until& until);
  base::Result<int64_t> DropOldFeedback(int64_t before, int64_t most, const base::Until& until);

  base::Result<> Health() const { return writer_->Health(); }

 private:
  JobStore(StoreOptions options, base::Clock& clock) : options_(options), clock_(clock) {}

  int64_t NowSeconds() const;
  base::Result<Job> Load(Transaction& transaction, const std::string& id);
  // Writes the changeable columns of `job` with a new revision and tells the listener.
  base::Result<> Save(Transaction& transaction, Job& job, Event event);
  base::Result<> StartLease(Transaction& transaction, Job& job, const Holder& holder);
  // Closes the running attempt in the books; the lease of `job` is cleared.
  base::Result<> EndLease(Transaction& transaction, Job& job, std::string_view outcome,
                          const std::string& error);
  base::Result<> Conclude(Transaction& transaction, Job& job, const Outcome& outcome);
  base::Result<> Requeue(Transaction& transaction, Job& job, const std::string& reason,
                         Event event);

  StoreOptions options_;
  base::Clock& clock_;
  int64_t revision_ = 0;            // the last one given; the writer's thread only
  std::unique_ptr<Writer> writer_;  // last: its thread uses all of the above
};

}  // namespace vmafx::controller
