#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crew.h"
#include "base/guarded.h"
#include "kube/client.h"

namespace kube {

// A live copy of one kind, kept by one LIST+WATCH on a thread of its own: relists on 410,
// reconnects with back-off (50 ms doubling to 5 s), goes on through API server restarts.
// Thread-safe.
struct StoreOptions {
  Kind kind;
  std::string ns;  // "": all namespaces
  std::map<std::string, std::string> labels;
  std::string field_selector = {};  // "metadata.name=web": what a right to one name can watch
};

class Store {
 public:
  // What a view sees. `synced` is false until the first LIST is in. `last_error` is why the copy
  // may be stale now, or "".
  struct Snapshot {
    bool synced = false;
    std::string last_error;
    base::Code last_code =
        base::Code::kUnavailable;  // of `last_error`: kDenied will not mend itself
    std::map<Key, ObjectPtr> objects;
    uint64_t generation = 0;  // grows with every change
  };
  // Told of every change after it is in the snapshot, on the watch thread; must not block, nor
  // subscribe or unsubscribe; may read the store. kDeleted carries the last known state. After a
  // relist the differences are told.
  using Listener = std::function<void(const Change&)>;

  // Starts the thread. `client` must outlive the store.
  Store(Client& client, StoreOptions options, base::Clock& clock, base::Log log);
  ~Store();

  const Kind& kind() const;

  // Not for high rates: copies the map of pointers.
  Snapshot Get() const;
  // The same without the objects: cheap.
  struct Health {
    bool synced = false;
    std::string last_error;
    base::Code last_code = base::Code::kUnavailable;
    bool current() const { return synced && last_error.empty(); }
  };
  Health health() const;
  ObjectPtr Find(const Key& key) const;
  std::vector<ObjectPtr> List(const std::string& ns = "",
                              const std::map<std::string, std::string>& labels = {}) const;

  // Waits until the first LIST is in. kTimeout carries last_error.
  base::Result<> WaitSynced(const base::Until& until);

  // Waits until ready(snapshot) is true, evaluated now and after each change, under the store's
  // lock: keep it short. kTimeout carries last_error if the copy is stale.
  base::Result<> WaitFor(const std::function<bool(const Snapshot&)>& ready,
                         const base::Until& until);

  // Waits until the copy is at least as new as `resource_version` of an object just written
  // (compared as numbers, which Kubernetes has promised since 1.35). The object should be one that
  // this store holds: of another, the store hears only by the next bookmark, up to a minute later.
  base::Result<> WaitForVersion(const std::string& resource_version, const base::Until& until);

  // Removes itself on destruction, which waits for a running listener: from then on it is not
  // running and will not run. May outlive the store.
  class Subscription {
   public:
    Subscription() = default;
    explicit Subscription(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
    Subscription(Subscription&& other) noexcept : cancel_(std::exchange(other.cancel_, nullptr)) {}
    Subscription& operator=(Subscription&& other) noexcept {
      std::swap(cancel_, other.cancel_);
      return *this;
    }
    ~Subscription() {
      if (cancel_) cancel_();
    }

   private:
    std::function<void()> cancel_;
  };
  // `listener` is first told all present objects as kAdded. `on_health` is called, on the watch
  // thread and under the same rules, after health() has changed.
  [[nodiscard]] Subscription Subscribe(Listener listener, std::function<void()> on_health = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kube
