#include "kube/store.h"

#include <algorithm>
#include <charconv>

namespace kube {
namespace {

using base::Code;
using base::Fail;
using base::Result;
using base::Until;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(50);
constexpr base::Duration kLongestPause = std::chrono::seconds(5);
constexpr base::Duration kLongestList = std::chrono::minutes(1);  // a server that hangs

std::optional<uint64_t> VersionNumber(const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

struct Store::State {
  // What is guarded as one: readers see a change whole or not at all.
  struct View {
    Snapshot snapshot;
    uint64_t version = 0;  // the copy is as new as this
  };

  // Locked while a change is made and told, so that a new listener misses nothing and is told
  // nothing twice, and one that has left is not running. Shared: a subscription may outlive us.
  struct Listeners {
    struct One {
      Listener on_change;
      std::function<void()> on_health;  // may be empty
    };
    std::map<uint64_t, One> by_id;
    uint64_t next = 1;
    void Tell(const Change& change) const {
      for (const auto& [id, listener] : by_id) listener.on_change(change);
    }
    void TellHealth() const {
      for (const auto& [id, listener] : by_id)
        if (listener.on_health) listener.on_health();
    }
  };

  State(Client& the_client, StoreOptions the_options, base::Clock& the_clock, base::Log the_log)
      : client(the_client),
        options(std::move(the_options)),
        clock(the_clock),
        log(the_log.With("kind", options.kind.kind)) {}

  Client& client;
  const StoreOptions options;
  base::Clock& clock;
  const base::Log log;
  base::Guarded<View> view;
  std::shared_ptr<base::Guarded<Listeners>> listeners =
      std::make_shared<base::Guarded<Listeners>>();
  std::string resource_version;  // to watch from; "": list first. Of the watch thread only
  bool progress = false;         // since the last pause. Of the watch thread only
  base::Crew crew;

  void Run(const std::stop_token& stop);
  Result<> ListOnce(const Until& until);
  Result<> WatchOnce(const Until& until);
  void Replace(const ObjectList& list);
  void Apply(const Change& change);
  void NoteFailure(const base::Error& error);
  void NoteFresh();
  // The error of a wait that ended without success, with the reason why the copy may be stale.
  base::Error Explain(const base::Error& error) const;
};

void Store::State::Run(const std::stop_token& stop) {
  const Until forever(clock, base::Instant::max(), stop);
  base::Duration pause = kFirstPause;
  while (!stop.stop_requested()) {
    progress = false;
    const bool listing = resource_version.empty();
    const Result<> ended = listing ? ListOnce(forever.Within(kLongestList)) : WatchOnce(forever);
    if (stop.stop_requested()) return;
    if (ended.Is(Code::kGone)) {
      log.Info("the watch is too old, listing again", {{"version", resource_version}});
      resource_version.clear();
    } else if (!ended.ok()) {
      NoteFailure(ended.error());
    }
    if (progress) pause = kFirstPause;
    if (listing && ended.ok()) continue;
    forever.Pause(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Result<> Store::State::ListOnce(const Until& until) {
  const ObjectList list = TRY(client.List(
      options.kind,
      {.ns = options.ns, .labels = options.labels, .field_selector = options.field_selector},
      until));
  Replace(list);
  resource_version = list.resource_version;
  progress = true;
  return base::Ok();
}

Result<> Store::State::WatchOnce(const Until& until) {
  const WatchOptions watch{.ns = options.ns,
                           .labels = options.labels,
                           .field_selector = options.field_selector,
                           .resource_version = resource_version,
                           .on_open = [this] { NoteFresh(); },
                           .on_refused = [this](const base::Error& error) { NoteFailure(error); }};
  return client.Watch(
      options.kind, watch,
      [&](const Change& change) {
        progress = true;
        Apply(change);
        resource_version = change.object->resource_version();
        return true;
      },
      until);
}

// Makes the copy what `list` says and tells the differences.
void Store::State::Replace(const ObjectList& list) {
  std::map<Key, ObjectPtr> fresh;
  for (const ObjectPtr& object : list.items) fresh[object->key()] = object;
  listeners->With([&](const Listeners& all) {
    std::vector<Change> changes;
    bool mended = false;
    view.With([&](View& now) {
      for (const auto& [key, old] : now.snapshot.objects) {
        if (fresh.count(key) == 0) changes.push_back({ChangeType::kDeleted, old});
      }
      for (const auto& [key, object] : fresh) {
        const auto old = now.snapshot.objects.find(key);
        if (old == now.snapshot.objects.end()) {
          changes.push_back({ChangeType::kAdded, object});
        } else if (old->second->uid() != object->uid()) {
          changes.push_back({ChangeType::kDeleted, old->second});  // another one of the same name
          changes.push_back({ChangeType::kAdded, object});
        } else if (old->second->resource_version() != object->resource_version()) {
          changes.push_back({ChangeType::kModified, object});
        }
      }
      now.snapshot.objects = std::move(fresh);
      mended = !now.snapshot.synced || !now.snapshot.last_error.empty();
      now.snapshot.synced = true;
      now.snapshot.last_error.clear();
      ++now.snapshot.generation;
      now.version = VersionNumber(list.resource_version).value_or(0);
    });
    for (const Change& change : changes) all.Tell(change);
    if (mended) all.TellHealth();
  });
}

void Store::State::Apply(const Change& change) {
  listeners->With([&](const Listeners& all) {
    Change told = change;
    view.With([&](View& now) {
      now.version = VersionNumber(change.object->resource_version()).value_or(now.version);
      if (change.type == ChangeType::kBookmark) return;
      auto& objects = now.snapshot.objects;
      const Key key = change.object->key();
      if (change.type == ChangeType::kDeleted) {
        objects.erase(key);
      } else {
        const bool inserted = objects.insert_or_assign(key, change.object).second;
        told.type = inserted ? ChangeType::kAdded : ChangeType::kModified;
      }
      ++now.snapshot.generation;
    });
    if (told.type != ChangeType::kBookmark) all.Tell(told);
  });
}

void Store::State::NoteFailure(const base::Error& error) {
  const bool news = view.With([&](View& now) {
    now.snapshot.last_code = error.code();
    return std::exchange(now.snapshot.last_error, error.message()) != error.message();
  });
  if (!news) return;
  log.Warn("the watch broke, trying again", {{"reason", error.message()}});
  listeners->With([](const Listeners& all) { all.TellHealth(); });
}

void Store::State::NoteFresh() {
  progress = true;
  const bool mended =
      view.With([](View& now) { return !std::exchange(now.snapshot.last_error, "").empty(); });
  if (mended) listeners->With([](const Listeners& all) { all.TellHealth(); });
}

base::Error Store::State::Explain(const base::Error& error) const {
  const std::string reason = view.Read([](const View& now) { return now.snapshot.last_error; });
  if (reason.empty() || error.code() != Code::kTimeout) return error;
  return Fail(error.code(), "{}; the last try failed: {}", error.message(), reason);
}

Store::Store(Client& client, StoreOptions options, base::Clock& clock, base::Log log)
    : state_(std::make_unique<State>(client, std::move(options), clock, std::move(log))) {
  state_->crew.Start("watch/" + state_->options.kind.kind,
                     [state = state_.get()](const std::stop_token& stop) { state->Run(stop); });
}

Store::~Store() = default;

const Kind& Store::kind() const {
  return state_->options.kind;
}

Store::Snapshot Store::Get() const {
  return state_->view.Read([](const State::View& view) { return view.snapshot; });
}

ObjectPtr Store::Find(const Key& key) const {
  return state_->view.Read([&](const State::View& view) -> ObjectPtr {
    const auto found = view.snapshot.objects.find(key);
    return found == view.snapshot.objects.end() ? nullptr : found->second;
  });
}

std::vector<ObjectPtr> Store::List(const std::string& ns,
                                   const std::map<std::string, std::string>& labels) const {
  return state_->view.Read([&](const State::View& view) {
    std::vector<ObjectPtr> list;
    const auto& objects = view.snapshot.objects;
    for (auto at = objects.lower_bound(Key{ns, ""}); at != objects.end(); ++at) {
      if (!ns.empty() && at->first.ns != ns) break;
      if (MatchesLabels(*at->second, labels)) list.push_back(at->second);
    }
    return list;
  });
}

Result<> Store::WaitSynced(const Until& until) {
  return WaitFor([](const Snapshot& snapshot) { return snapshot.synced; }, until)
      .During(fmt::format("waiting for the first list of {}", kind().kind));
}

Result<> Store::WaitFor(const std::function<bool(const Snapshot&)>& ready, const Until& until) {
  const Result<> waited =
      state_->view.Await(until, [&](const State::View& view) { return ready(view.snapshot); });
  if (!waited.ok()) return state_->Explain(waited.error());
  return waited;
}

Result<> Store::WaitForVersion(const std::string& resource_version, const Until& until) {
  const std::optional<uint64_t> wanted = VersionNumber(resource_version);
  if (!wanted.has_value()) {
    return Fail(Code::kInvalid, "resource version \"{}\" is not a number", resource_version);
  }
  const Result<> waited = state_->view.Await(until, [&](const State::View& view) {
    return view.snapshot.synced && view.version >= *wanted;
  });
  if (!waited.ok()) return state_->Explain(waited.error());
  return waited;
}

Store::Health Store::health() const {
  return state_->view.Read([](const State::View& view) {
    return Health{view.snapshot.synced, view.snapshot.last_error, view.snapshot.last_code};
  });
}

Store::Subscription Store::Subscribe(Listener listener, std::function<void()> on_health) {
  const uint64_t id = state_->listeners->With([&](State::Listeners& all) {
    for (const ObjectPtr& object : List()) listener({ChangeType::kAdded, object});
    all.by_id[all.next] = {std::move(listener), std::move(on_health)};
    return all.next++;
  });
  return Subscription([listeners = state_->listeners, id] {
    listeners->With([&](State::Listeners& all) { all.by_id.erase(id); });
  });
}

}  // namespace kube
