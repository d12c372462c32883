#include "trial/store_pool.h"

#include <fmt/format.h>

namespace trial {

using base::Code;

StorePool::StorePool(kube::Client& client, WatchScope scope, base::Clock& clock, base::Log log)
    : client_(client), scope_(scope), clock_(clock), log_(std::move(log)) {}

base::Result<std::shared_ptr<kube::Store>> StorePool::Start(const Place& place) {
  std::optional<base::Error> denied;
  std::shared_ptr<kube::Store> store = stores_.With([&](Stores& stores) {
    const auto before = stores.denied.find(place);
    if (before != stores.denied.end()) {
      denied = before->second;
      return std::shared_ptr<kube::Store>();
    }
    auto& open = stores.open[place];
    if (!open) {
      open = std::make_shared<kube::Store>(
          client_, kube::StoreOptions{place.first, place.second, {}}, clock_, log_);
    }
    return open;
  });
  if (denied) return *denied;
  return store;
}

std::optional<base::Error> StorePool::Hopeless(const kube::Store& store) {
  const kube::Store::Health health = store.health();
  if (health.last_error.empty()) return std::nullopt;
  const bool passing = health.last_code == Code::kUnavailable ||
                       health.last_code == Code::kTimeout || health.last_code == Code::kCancelled;
  // A copy that was there once may be right again, unless it is the right to it that is missing.
  if (passing || (health.synced && health.last_code != Code::kDenied)) return std::nullopt;
  return base::Error(health.last_code, health.last_error);
}

base::Result<std::shared_ptr<kube::Store>> StorePool::Open(const kube::Kind& kind,
                                                           const std::string& ns,
                                                           const base::Until& until) {
  TRY(client_.Discover(kind, until));
  const Place place = PlaceOf(kind, ns);
  auto store = TRY(Start(place));
  TRY(store->WaitFor(
      [](const kube::Store::Snapshot& now) { return now.synced || !now.last_error.empty(); },
      until));
  if (const auto error = Hopeless(*store)) {
    Close(place, *error);
    return *error;
  }
  TRY(store->WaitSynced(until));
  return store;
}

std::shared_ptr<kube::Store> StorePool::OpenSoon(const kube::Kind& kind, const std::string& ns,
                                                 const base::Until& until) {
  if (!client_.Discover(kind, until).ok()) return nullptr;
  const Place place = PlaceOf(kind, ns);
  auto store = Start(place);
  if (!store.ok()) return nullptr;
  if (const auto error = Hopeless(**store)) {
    Close(place, *error);
    return nullptr;
  }
  return *store;
}

bool StorePool::HasCurrent(const kube::Kind& kind, const std::string& ns) const {
  const Place place = PlaceOf(kind, ns);
  const auto store = stores_.Read([&](const Stores& stores) {
    const auto found = stores.open.find(place);
    return found == stores.open.end() ? nullptr : found->second;
  });
  return store != nullptr && store->health().current();
}

void StorePool::TellDenied(const kube::Kind& kind, const base::Error& error, const Story& story) {
  const bool first =
      stores_.With([&](Stores& stores) { return stores.denial_told.insert(kind).second; });
  if (!first) return;
  story.Warn({}, fmt::format("{}; looking again by the clock instead of watching (every 0.1 s, "
                             "growing to 1 s)",
                             error.message()));
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

void ChangeSignal::Subscribe(std::shared_ptr<kube::Store> store, const std::string& ns,
                             Observer observer) {
  const auto wake = [count = count_] { count->With([](uint64_t& value) { ++value; }); };
  subscriptions_.push_back(store->Subscribe(
      [ns, wake, observer = std::move(observer)](const kube::Change& change) {
        if (!ns.empty() && change.object->ns() != ns) return;
        if (observer) observer(change);
        wake();
      },
      wake));
  kept_.push_back(std::move(store));
}

base::Result<> ChangeSignal::Add(const kube::Kind& kind, const std::string& ns,
                                 const base::Until& until, Observer observer) {
  auto store = stores_.Open(kind, ns, until);
  if (store.Is(Code::kDenied)) {
    ++denied_;
    stores_.TellDenied(kind, store.error(), story_);
    return base::Ok();
  }
  if (!store.ok()) return store.error();
  Subscribe(*std::move(store), ns, std::move(observer));
  return base::Ok();
}

void ChangeSignal::Follow(const kube::Kind& kind, const std::string& ns, const base::Until& until) {
  if (followed_.count({kind, ns}) != 0) return;
  auto store = stores_.OpenSoon(kind, ns, until);
  followed_.emplace(kind, ns);
  if (store) Subscribe(std::move(store), ns, {});
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
