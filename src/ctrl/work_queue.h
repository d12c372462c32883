#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/guarded.h"
#include "kube/object.h"

namespace ctrl {

struct WorkQueueOptions {
  base::Duration first_delay = std::chrono::milliseconds(50);  // after the first failure
  base::Duration longest_delay = std::chrono::seconds(30);     // it doubles up to this
};

// Names that wait to be looked at. A name is in it once however often it is added, is with one
// taker at a time, and comes back after Done when it was added meanwhile. Thread-safe.
class WorkQueue {
 public:
  explicit WorkQueue(base::Clock& clock, WorkQueueOptions options = {});

  // Now, also when the name waits for a later time: something changed.
  void Add(const kube::Key& key);

  // Waits for a name whose time has come; the caller owes one Done or Failed for it. kCancelled
  // once the queue is closed, kTimeout or kCancelled when `until` is over.
  base::Result<kube::Key> Take(const base::Until& until);

  // Ends a successful turn and forgets earlier failures.
  void Done(const kube::Key& key, std::optional<base::Duration> again_after = {});

  // Ends a failed turn: the name comes back after the returned delay, which doubles with each
  // failure in a row.
  base::Duration Failed(const kube::Key& key);

  // Wakes all takers for good.
  void Close();

  struct Sizes {
    size_t ready = 0;    // could be taken now
    size_t delayed = 0;  // wait for their time
    size_t working = 0;  // are with a taker
  };
  Sizes sizes() const;

 private:
  struct State {
    std::deque<kube::Key> ready;
    std::set<kube::Key> queued;  // the members of `ready`
    std::map<kube::Key, base::Instant> due;
    std::set<std::pair<base::Instant, kube::Key>> schedule;  // `due` by time
    std::set<kube::Key> working;
    std::set<kube::Key> changed;  // added while working
    std::map<kube::Key, int> failures;
    bool closed = false;

    void MakeReady(const kube::Key& key);
    void Schedule(const kube::Key& key, base::Instant when);
    void Unschedule(const kube::Key& key);
    // The end of a turn; false when the name was added meanwhile and so is ready again.
    bool EndTurn(const kube::Key& key);
    base::Instant NextDue() const;
  };

  base::Clock& clock_;
  WorkQueueOptions options_;
  base::Guarded<State> state_;
};

}  // namespace ctrl
