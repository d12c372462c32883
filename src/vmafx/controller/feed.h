#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "vmafx/controller/job.h"

namespace vmafx::controller {

// Tells every subscriber of changed jobs. A slow subscriber costs at most one entry per job: of a
// job that changed several times it gets the newest state. Thread-safe.
class Feed {
 public:
  class Subscription {
   public:
    // Waits for changes; returns them by revision. kUnavailable once the feed is closed, kTimeout
    // and kCancelled when `until` is over.
    base::Result<std::vector<std::shared_ptr<const Job>>> Next(const base::Until& until);

   private:
    friend class Feed;
    struct Box {
      std::map<std::string, std::shared_ptr<const Job>> changed;
      bool closed = false;
    };
    base::Guarded<Box> box_;
  };

  // Ends with the last copy of the pointer.
  std::shared_ptr<Subscription> Subscribe();

  void Publish(const std::vector<Change>& changes);

  // Wakes and ends all subscriptions, also later ones.
  void Close();

 private:
  struct State {
    std::vector<std::weak_ptr<Subscription>> subscriptions;
    bool closed = false;
  };
  std::vector<std::shared_ptr<Subscription>> Living();

  base::Guarded<State> state_;
};

}  // namespace vmafx::controller
