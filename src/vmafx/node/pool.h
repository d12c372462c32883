#pragma once

#include <atomic>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/crew.h"
#include "base/guarded.h"
#include "base/log.h"
#include "vmafx/node/feedback.h"
#include "vmafx/node/job_worker.h"
#include "vmafx/node/metrics.h"
#include "vmafx/node/session.h"

namespace vmafx::node {

// A heartbeat names at most so many jobs.
inline constexpr int kMostSlots = 64;

struct PoolOptions {
  SessionOptions session;  // identity.slots: jobs at once
  WorkOptions work;
  base::Duration poll_interval = std::chrono::seconds(2);  // while there is no job, about
  base::Duration most_backoff = std::chrono::seconds(30);  // while pulls fail
  base::Duration stop_deadline = std::chrono::seconds(30);
};

// A worker that takes unpinned jobs for as long as it runs, several at once: one thread pulls
// whenever a slot is free, each slot does one job after the other on a thread of its own, and one
// session beats for all of them.
class Pool {
 public:
  // All must outlive it. Slots are 1 to kMostSlots.
  Pool(const PoolOptions& options, ControllerClient& client, Feedback& feedback, Metrics& metrics,
       base::Clock& clock, base::Log log);

  // Registers, however long that takes, and works until `until` is stopped. Then: no more pulls;
  // the jobs under way may finish within options.stop_deadline, and are given back after it with
  // "node shutting down, job interrupted" (which takes at most work.stop_patience). A job that goes
  // wrong concerns that job only. Error: the controller refuses this worker (kDenied, kInvalid), or
  // the token's file cannot be read. Once.
  base::Result<> Run(const base::Until& until);

  // "" while this worker is registered, heard and takes jobs; else why not. Thread-safe.
  std::string NotReady() const;
  // Under way. Thread-safe.
  size_t jobs() const { return session_.jobs(); }

 private:
  struct Slots {
    int free = 0;
    std::deque<Assignment> handed;  // to slots that were free
    bool closed = false;
  };

  void PullLoop(const base::Until& until, const base::Until& work);
  base::Result<std::optional<Assignment>> Pull(const base::Until& work);
  void SlotLoop(const base::Until& work);
  void DoJob(const Assignment& job, const base::Until& work);
  void Drain();

  const PoolOptions& options_;
  ControllerClient& client_;
  Metrics& metrics_;
  base::Clock& clock_;
  base::Log log_;
  Session session_;  // beats until the last job is reported
  JobWorker worker_;
  base::Guarded<Slots> slots_;
  std::atomic<bool> draining_{false};
  std::stop_source give_up_;
  base::Crew crew_;
};

}  // namespace vmafx::node
