#pragma once

// Removing what tests made, beside the tests that still run, and seeing to it that it is gone.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/crew.h"
#include "base/queue.h"
#include "kube/store.h"
#include "trial/announcer.h"
#include "trial/steps/apply.h"
#include "trial/steps/context.h"
#include "trial/store_pool.h"

namespace trial {

// What one test leaves.
struct Leftovers {
  TestId id;
  std::string ns;
  std::string ns_uid;  // set: this very namespace is to be deleted
  bool perhaps_made =
      false;          // no answer to its creation: if it is there with our label, it is ours
  bool keep = false;  // skipDelete: touch nothing
  std::vector<CreatedObject> created;  // in the order made
  // What is to be removed on other clusters: each blocks until it is.
  std::vector<std::function<Outcome()>> elsewhere;
};

struct CleanerOptions {
  std::string run;
  base::Duration limit = std::chrono::seconds(60);  // from the deletion of a namespace to its end
};

// Objects go in reverse order: those outside of the test's namespace, of custom kinds or with
// finalizers one by one and waited for (whoever finalizes them may live in the namespace), then the
// namespace with all the rest. Add returns at once; every Add ends in one CleanupEnded.
class Cleaner {
 public:
  Cleaner(kube::Client& client, StorePool& stores, Announcer& announcer, CleanerOptions options,
          base::Log log);
  ~Cleaner();

  void Add(Leftovers leftovers);

  // Waits until all is removed and the namespaces are verified gone, each at most the limit after
  // its deletion. What is left is named with what holds it. On a cluster where nobody empties
  // namespaces (no controller-manager) they are reported as staying, which is no failure. Call
  // once, after the last Add.
  struct Verdicts {
    std::map<TestId, Outcome> failed;
    int gone = 0;     // namespaces verified gone
    int staying = 0;  // Terminating for ever
  };
  Verdicts Finish();

 private:
  struct Pending {
    TestId id;
    std::string uid;
    base::Instant asked;
    Outcome outcome;  // of the objects
  };
  struct State {
    std::map<std::string, Pending> pending;  // by namespace
    std::set<std::string> gone_early;        // uids that were gone before they were pending
    Verdicts verdicts;
  };

  void Work();
  void Clean(Leftovers leftovers);
  Outcome RemoveObjects(const Leftovers& leftovers, const base::Until& until);
  base::Result<> DeleteNamespace(const Leftovers& leftovers, const base::Until& until);
  void WatchNamespaces();
  void OnGone(const std::string& ns, const std::string& uid);
  void End(const TestId& id, const std::string& ns, Outcome outcome, base::Duration took);
  bool NobodyEmptiesNamespaces(const base::Until& until);
  void LookAtPending(const base::Until& until);
  void GiveUp(const base::Until& until);

  kube::Client& client_;
  StorePool& stores_;
  Announcer& announcer_;
  CleanerOptions options_;
  base::Log log_;
  Story story_;
  base::Queue<Leftovers> queue_;
  base::Guarded<State> state_;
  base::Guarded<bool> watching_{false};
  std::unique_ptr<kube::Store> namespaces_;
  kube::Store::Subscription subscription_;
  base::Crew crew_;
};

}  // namespace trial
