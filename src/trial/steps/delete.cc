#include "trial/steps/delete.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "trial/deletion.h"
#include "trial/steps/wait_teller.h"
#include "trial/steps/world.h"

namespace trial {
namespace {

using base::Code;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(100);
constexpr base::Duration kLongestPause = std::chrono::seconds(1);
// For the last look after the deadline.
constexpr base::Duration kLastLook = std::chrono::seconds(2);
constexpr base::Duration kTellAfter = std::chrono::seconds(1);

base::Result<std::vector<kube::Key>> Select(const StepContext& context, const DeleteSpec& spec,
                                            const std::string& ns, const base::Until& until) {
  if (!spec.name.empty()) return std::vector<kube::Key>{{ns, spec.name}};
  const auto list = TRY(context.client.List(spec.kind, {ns, spec.labels, ""}, until));
  std::vector<kube::Key> keys;
  for (const auto& object : list.items) keys.push_back(object->key());
  return keys;
}

base::Result<> DeleteOne(const StepContext& context, const DeleteSpec& spec,
                         std::vector<Doomed>& doomed, const base::Until& until) {
  const kube::Resource resource = TRY(context.client.Discover(spec.kind, until));
  std::string ns = resource.namespaced ? spec.ns : "";
  if (resource.namespaced && ns.empty()) ns = context.ns;
  for (const kube::Key& key : TRY(Select(context, spec, ns, until))) {
    const auto deleted = context.client.Delete(spec.kind, key, {}, until);
    const bool gone = deleted.Is(Code::kNotFound);
    if (!deleted.ok() && !gone) return deleted;
    context.story.Line(
        fmt::format("{}:{} {}", spec.kind.kind, key.Text(), gone ? "already gone" : "deleted"));
    if (!gone) doomed.push_back({spec.kind, key, ""});
  }
  return base::Ok();
}

// Those of `doomed` that are still there, read fresh.
base::Result<std::vector<kube::Object>> Remaining(kube::Client& client,
                                                  const std::vector<Doomed>& doomed,
                                                  const base::Until& until) {
  std::vector<kube::Object> left;
  for (const Doomed& one : doomed) {
    auto object = client.Get(one.kind, one.key, until);
    if (object.Is(Code::kNotFound)) continue;
    if (!object.ok()) return object.error();
    if (one.uid.empty() || object->uid() == one.uid) left.push_back(*std::move(object));
  }
  return left;
}

Failure StillThere(const StepContext& context, const Place& place, const kube::Object& object,
                   base::Duration waited, const base::Until& until) {
  Failure failure = FailureAt(place, fmt::format("{} is still there {} after its deletion",
                                                 object.Text(), base::FormatSpan(waited)));
  if (object.deleting()) {
    failure.cause = Lines(WhatBlocks(object, ReadWorldOfDeletion(context, object, until)));
    return failure;
  }
  std::vector<std::string> owners;
  for (const auto& owner : object.owners()) owners.push_back(owner.kind + " " + owner.name);
  failure.cause.push_back(fmt::format("{}: it was made again after the deletion{}", object.Text(),
                                      owners.empty() ? "" : " for " + base::Join(owners, ", ")));
  return failure;
}

// Tells the user what a deletion waits for, once one notices.
class DeletionTeller {
 public:
  DeletionTeller(const StepContext& context, const Place& place, const base::Until& until)
      : context_(context),
        place_(place),
        teller_(context.story),
        next_(until.clock().Now() + kTellAfter) {}

  // `of`: all that have to go.
  void Tell(const std::vector<kube::Object>& left, size_t of, const base::Until& until) {
    const base::Instant now = until.clock().Now();
    if (left.empty() || now < next_) return;
    next_ = now + kTellAfter;  // finding out may take a request
    WaitProgress progress;
    progress.of = static_cast<int>(of);
    progress.satisfied = static_cast<int>(of - left.size());
    progress.waiting_for = fmt::format("the end of {} ({})", left.front().Text(), place_.Text());
    progress.mismatch = left.front().deleting() ? "it is being deleted" : "it was made again";
    const auto causes = WhatBlocks(
        left.front(), ReadWorldOfDeletion(context_, left.front(), until.Within(kLastLook)));
    if (const Cause* root = RootOf(causes)) progress.cause = root->text;
    teller_.Tell(std::move(progress), until);
  }

 private:
  const StepContext& context_;
  const Place& place_;
  WaitTeller teller_;
  base::Instant next_;
};

}  // namespace

base::Result<std::vector<kube::Object>> AwaitGone(kube::Client& client, ChangeSignal& signal,
                                                  const std::vector<Doomed>& doomed,
                                                  const base::Until& until,
                                                  const OnWaiting& on_waiting) {
  base::Duration pause = kFirstPause;
  const base::Instant tell_at = until.clock().Now() + kTellAfter;
  bool watching = false;
  bool watching_all = true;
  for (;;) {
    const uint64_t seen = signal.count();
    auto left = Remaining(client, doomed, until);
    if (left.ok() && left->empty()) return left;
    const bool passing = left.Is(Code::kUnavailable) || left.Is(Code::kTimeout);
    if (!left.ok() && !passing) return left;
    if (until.Over()) {
      if (until.Stopped()) return base::Error(Code::kCancelled, "interrupted");
      return Remaining(client, doomed, base::Until::After(until.clock(), kLastLook));
    }
    if (left.ok() && !watching) {
      // Most objects are gone at once: only those that are not are worth a watch.
      watching = true;
      for (const kube::Object& object : *left)
        if (!signal.Add(object.kind(), object.ns(), until).ok()) watching_all = false;
      continue;
    }
    if (left.ok() && on_waiting) on_waiting(*left);
    const bool by_clock = !left.ok() || !watching_all || !signal.watching_all();
    std::optional<base::Duration> next;
    if (by_clock) next = pause;
    // What blocks it is told even if nothing moves any more.
    const base::Instant now = until.clock().Now();
    if (on_waiting && now < tell_at) next = std::min(next.value_or(tell_at - now), tell_at - now);
    signal.Wait(seen, next, until);
    pause = std::min(pause * 2, kLongestPause);
  }
}

Outcome Delete(const StepContext& context, const std::vector<DeleteSpec>& specs,
               const base::Until& until) {
  Outcome outcome;
  if (specs.empty()) return outcome;
  const base::Instant started = until.clock().Now();
  std::vector<Doomed> doomed;
  for (const DeleteSpec& spec : specs) {
    const auto deleted = DeleteOne(context, spec, doomed, until);
    if (deleted.ok()) continue;
    outcome.Add(VerdictOf(deleted.error()), FailureAt(spec.place, deleted.error().message()));
    return outcome;
  }
  ChangeSignal signal(context.stores, context.story);
  DeletionTeller teller(context, specs.front().place, until);
  const auto left = AwaitGone(
      context.client, signal, doomed, until,
      [&](const std::vector<kube::Object>& still) { teller.Tell(still, doomed.size(), until); });
  if (!left.ok()) {
    outcome.Add(VerdictOf(left.error()), FailureAt(specs.front().place, left.error().message()));
    return outcome;
  }
  const auto last = base::Until::After(until.clock(), kLastLook, until.stop());
  for (const kube::Object& object : *left)
    outcome.Add(Verdict::kFailed, StillThere(context, specs.front().place, object,
                                             until.clock().Now() - started, last));
  return outcome;
}

}  // namespace trial
