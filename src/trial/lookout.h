#pragma once

// Looks at the namespaces of running tests and tells what happens there as Sightings: objects and
// their conditions, Kubernetes events, logs of Pods. It decides nothing: a verdict never waits for
// it.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/crew.h"
#include "kube/client.h"
#include "kube/store.h"
#include "trial/announcer.h"
#include "trial/store_pool.h"

namespace trial {

// What is told of one test at most; what is beyond is counted and told as one kLeftOut.
struct LookoutLimits {
  size_t changes = 2000;       // objects, their changes, events
  size_t log_lines = 500;      // of a test that passed
  size_t failed_lines = 5000;  // of one that did not
};

// Thread-safe. Uses the stores of the run's pool, so that what an assert waits for is not watched
// twice.
class Lookout {
 public:
  // `client`, `stores` and `announcer` must outlive it.
  Lookout(kube::Client& client, StorePool& stores, WatchScope scope, Announcer& announcer,
          LookoutLimits limits = {});
  ~Lookout();

  // From now on what happens in `ns` is told for `id`; before the namespace is made. Watches Pods,
  // what stands above them, and events. Returns at once: a thread of its own opens the watches, and
  // what may not be watched, or is not served, is left out.
  void Begin(const TestId& id, const std::string& ns);

  // Looks at these kinds too, of the objects that a step speaks about. Returns at once.
  void Follow(const std::string& ns, const std::vector<kube::Kind>& kinds);

  // Reads the logs of the Pods that are there (some seconds at most, and not beyond `until`), tells
  // them and everything that was seen so far, and looks away. Before StorePool::Release and before
  // the clean-up.
  void End(const TestId& id, const std::string& ns, Verdict verdict, const base::Until& until);

 private:
  using Place = std::pair<kube::Kind, std::string>;  // kind, namespace of the watch
  struct Watched {
    std::shared_ptr<kube::Store> store;
    kube::Store::Subscription subscription;  // after the store: ends first
  };
  struct Test {
    size_t told = 0;
    size_t left_out = 0;
  };
  struct State {
    std::map<std::string, std::map<TestId, Test>> tests;                 // by namespace
    std::map<std::string, std::map<std::string, kube::ObjectPtr>> last;  // by namespace and uid
    std::set<Place> known;                                               // asked for or open
    std::deque<Place> to_open;
    std::optional<Place> opening;
    std::map<Place, Watched> open;
    std::deque<Sighting> to_tell;
    bool telling = false;  // some that were taken from to_tell are not told yet
    bool ending = false;
  };

  void OpenAll(const base::Until& until);
  void Open(const Place& place, const base::Until& until);
  void TellAll();
  void OnChange(const kube::Change& change);
  void OnEvent(State& state, const kube::Object& event, base::WallTime now);
  void Add(State& state, const std::string& ns, Sighting sighting);
  void Close(const std::string& ns);
  void AwaitTold();
  void TellLogs(const TestId& id, const std::string& ns, Verdict verdict, const base::Until& until);

  kube::Client& client_;
  StorePool& stores_;
  const WatchScope scope_;
  Announcer& announcer_;
  const LookoutLimits limits_;
  base::Guarded<State> state_;
  base::Crew crew_;
};

}  // namespace trial
