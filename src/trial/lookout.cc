#include "trial/lookout.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "trial/diagnose.h"
#include "trial/pod_logs.h"
#include "trial/status_changes.h"

namespace trial {
namespace {

using kube::ChangeType;
using kube::Object;
using What = Sighting::What;

const kube::Kind kEvent{"", "v1", "Event"};
const kube::Kind kPod{"", "v1", "Pod"};

// Every namespace has one; it is nobody's work.
constexpr char kRootCa[] = "kube-root-ca.crt";
constexpr auto kWholeRun = std::chrono::hours(24);
constexpr base::Duration kOpenLimit = std::chrono::seconds(10);
constexpr base::Duration kOpenPatience = std::chrono::seconds(2);
constexpr base::Duration kLogsOfPassed = std::chrono::seconds(3);
constexpr base::Duration kLogsOfFailed = std::chrono::seconds(15);

// "Scheduled: assigned x to y", "BackOff (7 times): ...".
std::string EventText(const Object& event) {
  const value::Json* count = event.Find({"count"});
  const bool repeated = count != nullptr && count->is_number_integer() && *count > 1;
  return fmt::format("{}{}: {}", event.String({"reason"}),
                     repeated ? fmt::format(" ({} times)", count->get<int64_t>()) : "",
                     event.String({"message"}));
}

}  // namespace

Lookout::Lookout(kube::Client& client, StorePool& stores, WatchScope scope, Announcer& announcer,
                 LookoutLimits limits)
    : client_(client), stores_(stores), scope_(scope), announcer_(announcer), limits_(limits) {
  crew_.Start("lookout/open", [this](std::stop_token stop) {
    OpenAll(base::Until::After(announcer_.clock(), kWholeRun, stop));
  });
  crew_.Start("lookout/tell", [this](std::stop_token) { TellAll(); });
}

Lookout::~Lookout() {
  state_.With([](State& state) { state.ending = true; });
  crew_.StopAndJoin();
  // Outside of the lock: the end of a subscription waits for its listener, which takes it.
  auto open = state_.With([](State& state) { return std::move(state.open); });
  open.clear();
}

void Lookout::Begin(const TestId& id, const std::string& ns) {
  state_.With([&](State& state) { state.tests[ns][id]; });
  std::vector<kube::Kind> kinds = DiagnosedKinds();
  kinds.push_back(kEvent);
  Follow(ns, kinds);
}

void Lookout::Follow(const std::string& ns, const std::vector<kube::Kind>& kinds) {
  state_.With([&](State& state) {
    for (const kube::Kind& kind : kinds) {
      Place place{kind, scope_ == WatchScope::kCluster ? "" : ns};
      if (state.known.insert(place).second) state.to_open.push_back(std::move(place));
    }
  });
}

void Lookout::OpenAll(const base::Until& until) {
  for (;;) {
    const auto next = state_.When(
        until, [](const State& state) { return !state.to_open.empty(); },
        [](State& state) {
          state.opening = std::move(state.to_open.front());
          state.to_open.pop_front();
          return *state.opening;
        });
    if (!next.ok()) return;
    Open(*next, until.Within(kOpenLimit));
    state_.With([](State& state) { state.opening.reset(); });
  }
}

void Lookout::Open(const Place& place, const base::Until& until) {
  const auto resource = client_.Discover(place.first, until);
  // What is not served now may be later: the next step that speaks of it asks again.
  const bool wanted = resource.ok() && resource->namespaced;
  auto store = wanted ? stores_.Open(place.first, place.second, until)
                      : base::Result<std::shared_ptr<kube::Store>>(
                            base::Error(base::Code::kNotFound, "nothing to watch"));
  if (!store.ok()) {
    const bool for_good = (resource.ok() && !resource->namespaced) ||
                          store.Is(base::Code::kDenied) || store.Is(base::Code::kInvalid);
    if (!for_good) state_.With([&](State& state) { state.known.erase(place); });
    return;
  }
  Watched watched;
  watched.store = *std::move(store);
  watched.subscription =
      watched.store->Subscribe([this](const kube::Change& change) { OnChange(change); });
  state_.With([&](State& state) { state.open[place] = std::move(watched); });
}

void Lookout::OnChange(const kube::Change& change) {
  if (change.type == ChangeType::kBookmark) return;
  const Object& object = *change.object;
  const base::WallTime now = announcer_.clock().WallNow();
  state_.With([&](State& state) {
    if (state.tests.count(object.ns()) == 0 || object.name() == kRootCa) return;
    if (object.kind() == kEvent) {
      if (change.type != ChangeType::kDeleted) OnEvent(state, object, now);
      return;
    }
    kube::ObjectPtr& last = state.last[object.ns()][object.uid()];
    const auto add = [&](What what, std::string text, bool wrong) {
      Add(state, object.ns(),
          {{},
           what,
           object.kind().kind,
           object.name(),
           std::move(text),
           wrong ? Severity::kWarning : Severity::kInfo,
           now});
    };
    if (change.type == ChangeType::kDeleted) {
      add(What::kGone, "", false);
      state.last[object.ns()].erase(object.uid());
      return;
    }
    if (!last) add(What::kAppeared, "", false);
    for (StatusChange& news : StatusChanges(last.get(), object))
      add(What::kChanged, std::move(news.text), news.wrong);
    last = change.object;
  });
}

void Lookout::OnEvent(State& state, const Object& event, base::WallTime now) {
  const bool warning = event.String({"type"}) == "Warning";
  Add(state, event.ns(),
      {{},
       What::kEvent,
       event.String({"involvedObject", "kind"}),
       event.String({"involvedObject", "name"}),
       EventText(event),
       warning ? Severity::kWarning : Severity::kInfo,
       now});
}

// Under the lock. Tests that share a namespace are told the same.
void Lookout::Add(State& state, const std::string& ns, Sighting sighting) {
  for (auto& [id, test] : state.tests[ns]) {
    if (test.told == limits_.changes) {
      ++test.left_out;
      continue;
    }
    ++test.told;
    sighting.id = id;
    state.to_tell.push_back(sighting);
  }
}

// A thread of its own, so that slow listeners hold up no watch.
void Lookout::TellAll() {
  for (;;) {
    const auto next = state_.When(
        base::Until::After(announcer_.clock(), kWholeRun),
        [](const State& state) { return !state.to_tell.empty() || state.ending; },
        [](State& state) {
          state.telling = true;
          return std::exchange(state.to_tell, {});
        });
    if (!next.ok() || next->empty()) return;
    for (const Sighting& sighting : *next) announcer_.Tell(sighting);
    state_.With([](State& state) { state.telling = false; });
  }
}

void Lookout::AwaitTold() {
  (void)state_.Await(base::Until::After(announcer_.clock(), kWholeRun),
                     [](const State& state) { return state.to_tell.empty() && !state.telling; });
}

void Lookout::End(const TestId& id, const std::string& ns, Verdict verdict,
                  const base::Until& until) {
  // A short test may be over before its watches are open.
  (void)state_.Await(until.Within(kOpenPatience),
                     [](const State& state) { return state.to_open.empty() && !state.opening; });
  TellLogs(id, ns, verdict, until);
  const bool last = state_.With([&](State& state) {
    const Test test = state.tests[ns][id];
    if (test.left_out > 0)
      state.to_tell.push_back({id, What::kLeftOut, "", "",
                               fmt::format("{} more changes and events", test.left_out),
                               Severity::kInfo, announcer_.clock().WallNow()});
    state.tests[ns].erase(id);
    if (!state.tests[ns].empty()) return false;
    state.tests.erase(ns);
    state.last.erase(ns);
    return true;
  });
  if (last && scope_ == WatchScope::kNamespace) Close(ns);
  AwaitTold();
}

// Ends the watches of one namespace. One that is being opened now would outlive it.
void Lookout::Close(const std::string& ns) {
  const auto of_ns = [&](const Place& place) { return place.second == ns; };
  state_.With([&](State& state) { std::erase_if(state.to_open, of_ns); });
  (void)state_.Await(base::Until::After(announcer_.clock(), 2 * kOpenLimit),
                     [&](const State& state) { return !state.opening || !of_ns(*state.opening); });
  std::vector<Watched> closed;  // ended outside of the lock: that waits for listeners
  state_.With([&](State& state) {
    std::erase_if(state.known, of_ns);
    for (auto at = state.open.begin(); at != state.open.end();) {
      if (of_ns(at->first)) closed.push_back(std::move(at->second));
      at = of_ns(at->first) ? state.open.erase(at) : std::next(at);
    }
  });
}

void Lookout::TellLogs(const TestId& id, const std::string& ns, Verdict verdict,
                       const base::Until& until) {
  std::vector<kube::ObjectPtr> pods;
  state_.Read([&](const State& state) {
    const auto found = state.last.find(ns);
    if (found == state.last.end()) return;
    for (const auto& [uid, object] : found->second)
      if (object->kind() == kPod) pods.push_back(object);
  });
  if (pods.empty()) return;
  const bool passed = verdict == Verdict::kPassed;
  PodLogLimits limits;
  if (!passed) limits.lines = 1000;
  limits.previous = !passed;
  std::vector<PodLogLine> lines =
      ReadPodLogs(client_, pods, limits, until.Within(passed ? kLogsOfPassed : kLogsOfFailed));
  const size_t most = passed ? limits_.log_lines : limits_.failed_lines;
  const size_t skipped = lines.size() > most ? lines.size() - most : 0;
  // The newest of all: the end of a log says what happened.
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& one, const auto& other) { return one.when < other.when; });
  if (skipped > 0)
    announcer_.Tell(Sighting{id, What::kLeftOut, "", "", fmt::format("{} lines of logs", skipped),
                             Severity::kInfo, announcer_.clock().WallNow()});
  for (size_t i = skipped; i < lines.size(); ++i)
    announcer_.Tell(Sighting{id, What::kLog, "Pod", lines[i].pod + "/" + lines[i].container,
                             std::move(lines[i].text), Severity::kInfo, lines[i].when});
}

}  // namespace trial
