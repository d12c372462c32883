#pragma once

#include <deque>
#include <optional>

#include "base/guarded.h"

namespace base {

// A bounded hand-over between threads, first in first out. Close ends it: what is in it can still
// be taken.
template <typename T>
class Queue {
 public:
  explicit Queue(size_t capacity) : capacity_(capacity) {}

  // Waits for room. kCancelled when the queue is closed; kTimeout or kCancelled when `until` is
  // over: `item` is dropped.
  Result<> Push(T item, const Until& until) {
    auto pushed = state_.When(
        until,
        [this](const State& state) { return state.closed || state.items.size() < capacity_; },
        [&](State& state) {
          if (!state.closed) state.items.push_back(std::move(item));
          return !state.closed;
        });
    if (!pushed.ok()) return pushed.error();
    if (!*pushed) return Error(Code::kCancelled, "the queue is closed");
    return Ok();
  }

  // Waits for an item; nullopt once the queue is closed and empty.
  Result<std::optional<T>> Pop(const Until& until) {
    return state_.When(
        until, [](const State& state) { return state.closed || !state.items.empty(); },
        [](State& state) -> std::optional<T> {
          if (state.items.empty()) return std::nullopt;
          T item = std::move(state.items.front());
          state.items.pop_front();
          return item;
        });
  }

  void Close() {
    state_.With([](State& state) { state.closed = true; });
  }

 private:
  struct State {
    std::deque<T> items;
    bool closed = false;
  };

  size_t capacity_;
  Guarded<State> state_;
};

}  // namespace base
