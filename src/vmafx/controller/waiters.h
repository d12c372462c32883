#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

// Calls that wait for the end of one job. Thread-safe.
class Waiters {
 public:
  // One waiting call; it ends with the pointer.
  class Wait {
   public:
    // Blocks until the job is finished. kUnavailable once the waiters are closed; kTimeout and
    // kCancelled when `until` is over.
    base::Result<Job> Finished(const base::Until& until);

   private:
    friend class Waiters;
    struct Box {
      std::optional<Job> job;
      bool closed = false;
    };
    base::Guarded<Box> box_;
  };

  // Sees the job's end if it comes from now on: look at the job once more after this.
  std::shared_ptr<Wait> For(const std::string& job);

  void Observe(const Job& job);

  // Ends all waits, also later ones.
  void Close();

 private:
  struct State {
    std::multimap<std::string, std::weak_ptr<Wait>> waits;
    bool closed = false;
  };
  base::Guarded<State> state_;
};

}  // namespace vmafx::controller
