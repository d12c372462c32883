#include "trial/cleaner.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/deletion.h"
#include "trial/steps/delete.h"

namespace trial {
namespace {

using base::Code;

constexpr size_t kMostWaiting = 100000;
constexpr int kWorkers = 3;
constexpr auto kPatience = std::chrono::hours(24);
constexpr base::Duration kPollEvery = std::chrono::milliseconds(500);
constexpr base::Duration kLastLook = std::chrono::seconds(5);

const kube::Kind kNamespace{"", "v1", "Namespace"};

// Goes with its namespace, and nobody has to be alive to let it go.
bool GoesAlong(const CreatedObject& object, const Leftovers& leftovers) {
  return !leftovers.ns_uid.empty() && object.key.ns == leftovers.ns && !object.custom &&
         !object.has_finalizers;
}

}  // namespace

Cleaner::Cleaner(kube::Client& client, StorePool& stores, Announcer& announcer,
                 CleanerOptions options, base::Log log)
    : client_(client),
      stores_(stores),
      announcer_(announcer),
      options_(std::move(options)),
      log_(std::move(log)),
      story_(announcer, {}),
      queue_(kMostWaiting) {
  for (int i = 0; i < kWorkers; ++i)
    crew_.Start(fmt::format("clean/{}", i), [this](std::stop_token) { Work(); });
}

Cleaner::~Cleaner() {
  queue_.Close();
}

void Cleaner::Add(Leftovers leftovers) {
  if (leftovers.keep) {
    announcer_.Tell(CleanupEnded{leftovers.id, leftovers.ns, Verdict::kSkipped, {}, {}});
    return;
  }
  (void)queue_.Push(std::move(leftovers), base::Until::After(announcer_.clock(), kPatience));
}

void Cleaner::Work() {
  for (;;) {
    auto leftovers = queue_.Pop(base::Until::After(announcer_.clock(), kPatience));
    if (leftovers.Is(Code::kTimeout)) continue;
    if (!leftovers.ok() || !leftovers->has_value()) return;
    Clean(**std::move(leftovers));
  }
}

void Cleaner::Clean(Leftovers leftovers) {
  const base::Instant asked = announcer_.clock().Now();
  const auto until = base::Until::After(announcer_.clock(), options_.limit);
  if (leftovers.perhaps_made && leftovers.ns_uid.empty()) {
    const auto present = client_.Get(kNamespace, {"", leftovers.ns}, until);
    if (present.ok() && present->Label(kRunLabel) == options_.run)
      leftovers.ns_uid = present->uid();
  }
  Outcome outcome = RemoveObjects(leftovers, until);
  for (const auto& remove : leftovers.elsewhere) {
    Outcome there = remove();
    for (Failure& failure : there.failures) outcome.Add(there.verdict, std::move(failure));
  }
  if (leftovers.ns_uid.empty())
    return End(leftovers.id, leftovers.ns, std::move(outcome), announcer_.clock().Now() - asked);
  WatchNamespaces();
  const auto deleted = DeleteNamespace(leftovers, until);
  if (!deleted.ok()) {
    outcome.Add(VerdictOf(deleted.error()), FailureAt({}, deleted.error().message()));
    return End(leftovers.id, leftovers.ns, std::move(outcome), announcer_.clock().Now() - asked);
  }
  Pending pending{leftovers.id, leftovers.ns_uid, announcer_.clock().Now(), std::move(outcome)};
  const bool gone = state_.With([&](State& state) {
    if (state.gone_early.count(leftovers.ns_uid) != 0) {
      ++state.verdicts.gone;
      return true;
    }
    state.pending.emplace(leftovers.ns, pending);
    return false;
  });
  if (gone) End(leftovers.id, leftovers.ns, std::move(pending.outcome), {});
}

Outcome Cleaner::RemoveObjects(const Leftovers& leftovers, const base::Until& until) {
  Outcome outcome;
  std::vector<Doomed> doomed;
  for (auto object = leftovers.created.rbegin(); object != leftovers.created.rend(); ++object) {
    if (GoesAlong(*object, leftovers)) continue;
    kube::DeleteOptions options;
    options.uid = object->uid;
    const auto deleted = client_.Delete(object->kind, object->key, options, until);
    if (deleted.ok()) doomed.push_back({object->kind, object->key, object->uid});
    // Gone already, with its kind, or replaced by somebody else's.
    else if (!deleted.Is(Code::kNotFound) && !deleted.Is(Code::kConflict))
      outcome.Add(VerdictOf(deleted.error()), FailureAt({}, deleted.error().message()));
  }
  if (doomed.empty()) return outcome;
  ChangeSignal signal(stores_, Story(announcer_, {leftovers.id, -1, ""}));
  const auto left = AwaitGone(client_, signal, doomed, until);
  if (!left.ok()) {
    outcome.Add(VerdictOf(left.error()), FailureAt({}, left.error().message()));
    return outcome;
  }
  for (const kube::Object& object : *left) {
    Failure failure = FailureAt({}, fmt::format("{} is still there {} after its deletion",
                                                object.Text(), base::FormatSpan(options_.limit)));
    failure.cause = Lines(WhatBlocks(object, {}));
    outcome.Add(Verdict::kFailed, std::move(failure));
  }
  return outcome;
}

base::Result<> Cleaner::DeleteNamespace(const Leftovers& leftovers, const base::Until& until) {
  kube::DeleteOptions options;
  options.uid = leftovers.ns_uid;
  auto deleted = client_.Delete(kNamespace, {"", leftovers.ns}, options, until);
  // A conflict is our own precondition: another namespace of this name, not ours to remove.
  if (!deleted.Is(Code::kNotFound) && !deleted.Is(Code::kConflict)) return deleted;
  OnGone(leftovers.ns, leftovers.ns_uid);
  return base::Ok();
}

void Cleaner::WatchNamespaces() {
  const bool first = watching_.With([](bool& watching) { return !std::exchange(watching, true); });
  if (!first) return;
  // Only namespaces of this run; a cluster that denies it is asked namespace by namespace in
  // Finish.
  namespaces_ = std::make_unique<kube::Store>(
      client_, kube::StoreOptions{kNamespace, "", {{kRunLabel, options_.run}}}, announcer_.clock(),
      log_);
  subscription_ = namespaces_->Subscribe([this](const kube::Change& change) {
    if (change.type == kube::ChangeType::kDeleted)
      OnGone(change.object->name(), change.object->uid());
  });
}

void Cleaner::OnGone(const std::string& ns, const std::string& uid) {
  std::optional<Pending> ended;
  state_.With([&](State& state) {
    const auto found = state.pending.find(ns);
    if (found == state.pending.end() || found->second.uid != uid) {
      state.gone_early.insert(uid);
    } else {
      ended = std::move(found->second);
      state.pending.erase(found);
    }
    if (ended) ++state.verdicts.gone;
  });
  if (ended) End(ended->id, ns, std::move(ended->outcome), announcer_.clock().Now() - ended->asked);
}

void Cleaner::End(const TestId& id, const std::string& ns, Outcome outcome, base::Duration took) {
  announcer_.Tell(CleanupEnded{id, ns, outcome.verdict, outcome.failures, took});
  if (outcome.ok()) return;
  state_.With([&](State& state) { state.verdicts.failed[id] = std::move(outcome); });
}

bool Cleaner::NobodyEmptiesNamespaces(const base::Until& until) {
  // kube-controller-manager makes this account in every namespace, so where it is missing from the
  // oldest one no controller-manager has ever run, and the namespace controller is a part of that.
  return client_.Get({"", "v1", "ServiceAccount"}, {"default", "default"}, until)
      .Is(Code::kNotFound);
}

// One fresh look at every namespace that has not been seen to go.
void Cleaner::LookAtPending(const base::Until& until) {
  std::vector<std::pair<std::string, std::string>> pending;
  state_.Read([&](const State& state) {
    for (const auto& [ns, one] : state.pending) pending.emplace_back(ns, one.uid);
  });
  for (const auto& [ns, uid] : pending) {
    const auto now = client_.Get(kNamespace, {"", ns}, until);
    if (now.Is(Code::kNotFound) || (now.ok() && now->uid() != uid)) OnGone(ns, uid);
  }
}

void Cleaner::GiveUp(const base::Until& until) {
  const auto left = state_.With([](State& state) { return std::exchange(state.pending, {}); });
  for (const auto& [ns, pending] : left) {
    Outcome outcome = pending.outcome;
    const base::Duration waited = announcer_.clock().Now() - pending.asked;
    Failure failure = FailureAt({}, fmt::format("namespace {} is still there {} after its deletion",
                                                ns, base::FormatSpan(waited)));
    const auto now = client_.Get(kNamespace, {"", ns}, until);
    if (now.ok()) failure.cause = Lines(WhatBlocks(*now, {}));
    outcome.Add(Verdict::kFailed, std::move(failure));
    End(pending.id, ns, std::move(outcome), waited);
  }
}

Cleaner::Verdicts Cleaner::Finish() {
  queue_.Close();
  crew_.StopAndJoin();
  base::Clock& clock = announcer_.clock();
  const auto none = [](const State& state) { return state.pending.empty(); };
  const auto last_look = [&] { return base::Until::After(clock, kLastLook); };
  if (!state_.Read(none) && NobodyEmptiesNamespaces(last_look())) {
    const auto left = state_.With([](State& state) { return std::exchange(state.pending, {}); });
    story_.Warn({}, fmt::format("{} namespaces stay Terminating: this cluster has no "
                                "controller-manager that would empty them",
                                left.size()));
    for (const auto& [ns, pending] : left)
      announcer_.Tell(CleanupEnded{pending.id, ns, Verdict::kSkipped, {}, {}});
    state_.With([&](State& state) { state.verdicts.staying = static_cast<int>(left.size()); });
  }
  const base::Until until = base::Until::After(clock, options_.limit);
  const bool synced = namespaces_ && namespaces_->Get().synced;
  if (synced) (void)state_.Await(until, none);
  while (!state_.Read(none)) {
    LookAtPending(last_look());
    if (state_.Read(none) || !until.Pause(kPollEvery)) break;
  }
  GiveUp(last_look());
  subscription_ = {};
  namespaces_.reset();
  return state_.Read([](const State& state) { return state.verdicts; });
}

}  // namespace trial
