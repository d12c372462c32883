#pragma once

// The watches of a run: one Store for each kind, opened when somebody first has to wait for it and
// shared by all tests.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/guarded.h"
#include "kube/client.h"
#include "kube/store.h"
#include "trial/announcer.h"

namespace trial {

enum class WatchScope {
  kCluster,    // one watch a kind for all namespaces: for clusters of our own
  kNamespace,  // one a kind and test namespace: less load and fewer rights on somebody's cluster
};

// Thread-safe; must outlive the stores' users.
class StorePool {
 public:
  StorePool(kube::Client& client, WatchScope scope, base::Clock& clock, base::Log log);

  // The store that covers `kind` in `ns` ("": cluster-scoped or all), with its first list in. Waits
  // at most `until` for that. kDenied: we may not list or watch it (asked once, remembered);
  // kNotFound: the cluster does not serve the kind (now); others as kube::Reader.
  base::Result<std::shared_ptr<kube::Store>> Open(const kube::Kind& kind, const std::string& ns,
                                                  const base::Until& until);

  // The same without waiting for the first list (see Store::health); null where Open would fail.
  std::shared_ptr<kube::Store> OpenSoon(const kube::Kind& kind, const std::string& ns,
                                        const base::Until& until);

  // True when a watch of the kind has been opened and is as new as the cluster, as far as we know.
  bool HasCurrent(const kube::Kind& kind, const std::string& ns) const;

  // Says that we have to look by the clock, because `error` denies us the watch: once a kind.
  void TellDenied(const kube::Kind& kind, const base::Error& error, const Story& story);

  // Ends the watches of one namespace (kNamespace only).
  void Release(const std::string& ns);

 private:
  using Place = std::pair<kube::Kind, std::string>;
  struct Stores {
    std::map<Place, std::shared_ptr<kube::Store>> open;
    std::map<Place, base::Error> denied;
    std::set<kube::Kind> denial_told;
  };

  Place PlaceOf(const kube::Kind& kind, const std::string& ns) const {
    return {kind, scope_ == WatchScope::kCluster ? "" : ns};
  }
  base::Result<std::shared_ptr<kube::Store>> Start(const Place& place);
  // The error of a store that will not come right by itself.
  static std::optional<base::Error> Hopeless(const kube::Store& store);
  void Close(const Place& place, const base::Error& error);

  kube::Client& client_;
  WatchScope scope_;
  base::Clock& clock_;
  base::Log log_;
  base::Guarded<Stores> stores_;
};

// Counts changes of chosen kinds in chosen namespaces, so that a waiting step can look again when
// something happened: an object changed, or a watch broke or came back. Where watching is denied it
// says so and lets the waiter look again by the clock. One thread waits; the watch threads count.
class ChangeSignal {
 public:
  ChangeSignal(StorePool& stores, Story story) : stores_(stores), story_(std::move(story)) {}

  // Is told each change before it is counted, on the watch's thread; must not block. First all
  // objects that are there.
  using Observer = std::function<void(const kube::Change&)>;

  // Counts changes of `kind` in `ns` from now on. An error that is not a denial is returned.
  base::Result<> Add(const kube::Kind& kind, const std::string& ns, const base::Until& until,
                     Observer observer = {});

  // The same for a kind that only the diagnosis looks at: neither waits for its first list nor says
  // a word where it is denied. Once for a kind and namespace.
  void Follow(const kube::Kind& kind, const std::string& ns, const base::Until& until);

  uint64_t count() const;
  bool watching_all() const { return denied_ == 0; }
  // Returns when the count is above `seen`, after `pause` (nullopt: never by time), or when `until`
  // is over.
  void Wait(uint64_t seen, std::optional<base::Duration> pause, const base::Until& until) const;

 private:
  void Subscribe(std::shared_ptr<kube::Store> store, const std::string& ns, Observer observer);

  StorePool& stores_;
  Story story_;
  int denied_ = 0;
  std::set<std::pair<kube::Kind, std::string>> followed_;
  std::shared_ptr<base::Guarded<uint64_t>> count_ = std::make_shared<base::Guarded<uint64_t>>(0);
  std::vector<std::shared_ptr<kube::Store>> kept_;
  std::vector<kube::Store::Subscription> subscriptions_;  // after kept_: ends first
};

}  // namespace trial
