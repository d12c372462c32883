#include "ctrl/work_queue.h"

#include <algorithm>

namespace ctrl {

WorkQueue::WorkQueue(base::Clock& clock, WorkQueueOptions options)
    : clock_(clock), options_(options) {}

void WorkQueue::State::MakeReady(const kube::Key& key) {
  Unschedule(key);
  if (queued.insert(key).second) ready.push_back(key);
}

void WorkQueue::State::Schedule(const kube::Key& key, base::Instant when) {
  Unschedule(key);
  due[key] = when;
  schedule.insert({when, key});
}

void WorkQueue::State::Unschedule(const kube::Key& key) {
  auto found = due.find(key);
  if (found == due.end()) return;
  schedule.erase({found->second, key});
  due.erase(found);
}

bool WorkQueue::State::EndTurn(const kube::Key& key) {
  CHECK(working.erase(key) == 1);
  if (changed.erase(key) == 0) return true;
  MakeReady(key);
  return false;
}

base::Instant WorkQueue::State::NextDue() const {
  return schedule.empty() ? base::Instant::max() : schedule.begin()->first;
}

void WorkQueue::Add(const kube::Key& key) {
  state_.With([&](State& state) {
    if (state.closed) return;
    if (state.working.count(key) > 0) {
      state.changed.insert(key);
    } else {
      state.MakeReady(key);
    }
  });
}

base::Result<kube::Key> WorkQueue::Take(const base::Until& until) {
  while (true) {
    const base::Instant planned = state_.Read([](const State& state) { return state.NextDue(); });
    const base::Duration wait = std::max(planned - clock_.Now(), base::Duration::zero());
    auto taken = state_.When(
        planned == base::Instant::max() ? until : until.Within(wait),
        [&](const State& state) {
          return state.closed || !state.ready.empty() || state.NextDue() != planned ||
                 state.NextDue() <= clock_.Now();
        },
        [&](State& state) -> std::optional<kube::Key> {
          if (state.closed) return std::nullopt;
          while (!state.schedule.empty() && state.NextDue() <= clock_.Now()) {
            state.MakeReady(kube::Key(state.schedule.begin()->second));
          }
          if (state.ready.empty()) return std::nullopt;
          kube::Key key = std::move(state.ready.front());
          state.ready.pop_front();
          state.queued.erase(key);
          state.working.insert(key);
          return key;
        });
    if (taken.ok() && *taken) return **std::move(taken);
    if (state_.Read([](const State& state) { return state.closed; })) {
      return base::Error(base::Code::kCancelled, "the work queue is closed");
    }
    // A delay that ran out, or a new earliest one: look again, unless it was the caller's time.
    if (!taken.ok() && until.Over()) return std::move(taken).error();
  }
}

void WorkQueue::Done(const kube::Key& key, std::optional<base::Duration> again_after) {
  state_.With([&](State& state) {
    state.failures.erase(key);
    if (state.EndTurn(key) && again_after) state.Schedule(key, clock_.Now() + *again_after);
  });
}

base::Duration WorkQueue::Failed(const kube::Key& key) {
  return state_.With([&](State& state) {
    const int failures = state.failures[key]++;
    base::Duration delay = options_.first_delay;
    for (int i = 0; i < failures && delay < options_.longest_delay; ++i) delay *= 2;
    delay = std::min(delay, options_.longest_delay);
    if (state.EndTurn(key)) state.Schedule(key, clock_.Now() + delay);
    return delay;
  });
}

void WorkQueue::Close() {
  state_.With([](State& state) { state.closed = true; });
}

WorkQueue::Sizes WorkQueue::sizes() const {
  return state_.Read([](const State& state) {
    return Sizes{state.ready.size(), state.due.size(), state.working.size()};
  });
}

}  // namespace ctrl
