#include "vmafx/controller/feed.h"

#include <algorithm>

namespace vmafx::controller {

using Changes = std::vector<std::shared_ptr<const Job>>;

base::Result<Changes> Feed::Subscription::Next(const base::Until& until) {
  Changes changes;
  const bool open = TRY(box_.When(
      until, [](const Box& box) { return box.closed || !box.changed.empty(); },
      [&](Box& box) {
        for (auto& [id, job] : box.changed) changes.push_back(std::move(job));
        box.changed.clear();
        return !changes.empty() || !box.closed;
      }));
  if (!open) {
    return base::Error(base::Code::kUnavailable, "the controller is shutting down");
  }
  std::ranges::sort(changes, {}, [](const auto& job) { return job->revision; });
  return changes;
}

std::shared_ptr<Feed::Subscription> Feed::Subscribe() {
  auto subscription = std::make_shared<Subscription>();
  state_.With([&](State& state) {
    std::erase_if(state.subscriptions, [](const auto& weak) { return weak.expired(); });
    state.subscriptions.push_back(subscription);
    subscription->box_.With([&](auto& box) { box.closed = state.closed; });
  });
  return subscription;
}

std::vector<std::shared_ptr<Feed::Subscription>> Feed::Living() {
  return state_.Read([](const State& state) {
    std::vector<std::shared_ptr<Subscription>> living;
    for (const auto& weak : state.subscriptions) {
      if (auto subscription = weak.lock()) living.push_back(std::move(subscription));
    }
    return living;
  });
}

void Feed::Publish(const std::vector<Change>& changes) {
  const auto living = Living();
  if (living.empty()) return;
  for (const Change& change : changes) {
    auto shared = std::make_shared<const Job>(change.job);
    for (const auto& subscription : living) {
      subscription->box_.With([&](auto& box) { box.changed[shared->id] = shared; });
    }
  }
}

void Feed::Close() {
  state_.With([](State& state) { state.closed = true; });
  for (const auto& subscription : Living()) {
    subscription->box_.With([](auto& box) { box.closed = true; });
  }
}

}  // namespace vmafx::controller
