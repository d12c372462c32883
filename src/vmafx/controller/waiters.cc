#include "vmafx/controller/waiters.h"

#include <vector>

namespace vmafx::controller {

using base::Result;

Result<Job> Waiters::Wait::Finished(const base::Until& until) {
  auto job = TRY(box_.When(
      until, [](const Box& box) { return box.closed || box.job.has_value(); },
      [](Box& box) { return box.job; }));
  if (!job) return base::Error(base::Code::kUnavailable, "the controller is shutting down");
  return *std::move(job);
}

std::shared_ptr<Waiters::Wait> Waiters::For(const std::string& job) {
  auto wait = std::make_shared<Wait>();
  state_.With([&](State& state) {
    std::erase_if(state.waits, [](const auto& entry) { return entry.second.expired(); });
    state.waits.emplace(job, wait);
    wait->box_.With([&](auto& box) { box.closed = state.closed; });
  });
  return wait;
}

void Waiters::Observe(const Job& job) {
  if (!IsFinished(job.status)) return;
  const auto waiting = state_.With([&](State& state) {
    std::vector<std::shared_ptr<Wait>> found;
    const auto [first, last] = state.waits.equal_range(job.id);
    for (auto at = first; at != last; ++at) {
      if (auto wait = at->second.lock()) found.push_back(std::move(wait));
    }
    state.waits.erase(first, last);
    return found;
  });
  for (const auto& wait : waiting) {
    wait->box_.With([&](auto& box) { box.job = job; });
  }
}

void Waiters::Close() {
  state_.With([](State& state) {
    state.closed = true;
    for (auto& [job, weak] : state.waits) {
      if (auto wait = weak.lock()) wait->box_.With([](auto& box) { box.closed = true; });
    }
  });
}

}  // namespace vmafx::controller
