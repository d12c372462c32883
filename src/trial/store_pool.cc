#include "trial/store_pool.h"

#include <fmt/format.h>

namespace trial {

using base::Code;

StorePool::StorePool(kube::Client& client, WatchScope scope, base::Clock& clock, base::Log log)
    : client_(client), scope_(scope), clock_(clock), log_(std::move(log)) {}

base::Result<std::shared_ptr<kube::Store>> StorePool::Open(const kube::Kind& kind,
                                                           const std::string& ns,
                                                           const base::Until& until) {
  const std::string covered = scope_ == WatchScope::kCluster ? "" : ns;
  const Place place{kind, covered};
  TRY(client_.Discover(kind, until));
  std::optional<base::Error> denied;
  std::shared_ptr<kube::Store> store = stores_.With([&](Stores& stores) {
    const auto before = stores.denied.find(place);
    if (before != stores.denied.end()) {
      denied = before->second;
      return std::shared_ptr<kube::Store>();
    }
    auto& open = stores.open[place];
    if (!open) {
      open = std::make_shared<kube::Store>(client_, kube::StoreOptions{kind, covered, {}}, clock_,
                                           log_);
    }
    return open;
  });
  if (denied) return *denied;
  TRY(store->WaitFor(
      [](const kube::Store::Snapshot& now) { return now.synced || !now.last_error.empty(); },
      until));
  if (store->Get().synced) return store;
  // The store only knows the reason as text: ask once more to learn what kind of reason it is.
  const auto listed = client_.List(kind, {covered, {}, ""}, until);
  if (listed.ok() || listed.Is(Code::kUnavailable) || listed.Is(Code::kTimeout)) {
    TRY(store->WaitSynced(until));
    return store;
  }
  Close(place, listed.error());
  return listed.error();
}

// Not to be had: denied for the whole run, or not served now (a CRD that has gone).
void StorePool::Close(const Place& place, const base::Error& error) {
  std::shared_ptr<kube::Store> closed;  // ended outside the lock: that joins a thread
  stores_.With([&](Stores& stores) {
    if (error.code() == Code::kDenied) stores.denied.emplace(place, error);
    const auto found = stores.open.find(place);
    if (found == stores.open.end()) return;
    closed = std::move(found->second);
    stores.open.erase(found);
  });
}

void StorePool::Release(const std::string& ns) {
  if (scope_ == WatchScope::kCluster || ns.empty()) return;
  std::vector<std::shared_ptr<kube::Store>> closed;  // ended outside the lock: they join threads
  stores_.With([&](Stores& stores) {
    for (auto at = stores.open.begin(); at != stores.open.end();) {
      if (at->first.second != ns) {
        ++at;
        continue;
      }
      closed.push_back(std::move(at->second));
      at = stores.open.erase(at);
    }
  });
}

base::Result<> ChangeSignal::Add(const kube::Kind& kind, const std::string& ns,
                                 const base::Until& until) {
  auto store = stores_.Open(kind, ns, until);
  if (store.Is(Code::kDenied)) {
    ++denied_;
    story_.Warn({}, fmt::format("{}; looking again by the clock instead of watching",
                                store.error().message()));
    return base::Ok();
  }
  if (!store.ok()) return store.error();
  subscriptions_.push_back((*store)->Subscribe([ns, count = count_](const kube::Change& change) {
    if (!ns.empty() && change.object->ns() != ns) return;
    count->With([](uint64_t& value) { ++value; });
  }));
  kept_.push_back(*std::move(store));
  return base::Ok();
}

uint64_t ChangeSignal::count() const {
  return count_->Read([](uint64_t value) { return value; });
}

void ChangeSignal::Wait(uint64_t seen, std::optional<base::Duration> pause,
                        const base::Until& until) const {
  // Why it returned does not matter: the caller looks at the world, not at the message.
  (void)count_->Await(pause ? until.Within(*pause) : until,
                      [seen](uint64_t value) { return value > seen; });
}

}  // namespace trial
