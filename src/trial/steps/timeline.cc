#include "trial/steps/timeline.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/text.h"

namespace trial {
namespace {

using base::Code;

std::string SubjectOf(const Demand& demand, const std::shared_ptr<base::Guarded<Observed>>& at) {
  if (at) return at->Read([](const Observed& seen) { return seen.condition().Subject(); });
  return demand.kind.kind + " " + demand.name;
}

}  // namespace

Timeline::Timeline(const Step& step) {
  if (!step.check) return;
  const auto add = [&](const std::shared_ptr<const Demand>& demand, bool in_order) {
    Item item;
    item.demand = demand;
    item.in_order = in_order;
    items_.push_back(std::move(item));
  };
  for (const auto& demand : step.check->match)
    if (demand->temporal()) add(demand, false);
  for (const auto& demand : step.check->order) add(demand, true);
}

base::Result<> Timeline::Follow(const StepContext& context, const base::Until& until) {
  for (Item& item : items_) {
    if (item.observed) continue;
    TRY(FollowOne(item, context, until).During(item.demand->place.Text()));
  }
  return base::Ok();
}

base::Result<> Timeline::FollowOne(Item& item, const StepContext& context,
                                   const base::Until& until) {
  const auto resource = context.client.Discover(item.demand->kind, until);
  if (resource.Is(Code::kNotFound)) return base::Ok();
  if (!resource.ok()) return resource.error();
  Condition condition = MakeCondition(item.demand, resource->namespaced, context.ns);
  auto store = context.stores.Open(condition.kind, condition.ns, until);
  if (store.Is(Code::kNotFound)) return base::Ok();
  if (store.Is(Code::kDenied))
    return base::Error(store.error()).During("stays, never and order need the right to watch");
  if (!store.ok()) return store.error();
  item.store = *std::move(store);
  item.observed = std::make_shared<base::Guarded<Observed>>(std::move(condition));
  base::Clock& clock = context.story.clock();
  // What is there now is told by Subscribe on this very thread, changes by the watch's.
  item.subscription = item.store->Subscribe(
      [observed = item.observed, self = std::this_thread::get_id(), &clock](const auto& change) {
        observed->With([&](Observed& seen) {
          if (std::this_thread::get_id() == self) return seen.Present(change.object);
          if (!seen.begun()) seen.Begin(clock.Now());
          seen.See(change, clock.Now());
        });
      });
  item.observed->With([&](Observed& seen) {
    if (!seen.begun()) seen.Begin(clock.Now());
  });
  return base::Ok();
}

std::vector<std::pair<kube::Kind, std::string>> Timeline::Followed() const {
  std::vector<std::pair<kube::Kind, std::string>> kinds;
  for (const Item& item : items_) {
    if (!item.observed) continue;
    kinds.push_back(item.observed->Read([](const Observed& seen) {
      return std::pair(seen.condition().kind, seen.condition().ns);
    }));
  }
  return kinds;
}

void Timeline::LookAtOne(const Item& item, base::Instant now, View& view) {
  const Demand& demand = *item.demand;
  const std::string subject = SubjectOf(demand, item.observed);
  const auto fail = [&](const std::string& why) {
    view.holds = false;
    view.failures.push_back(FailureAt(demand.place, subject + why));
  };
  if (!item.observed) {
    // Nothing of a kind that is not served has ever been as it never may be.
    if (!demand.never || demand.stays > base::Duration{}) fail(": the cluster does not serve it");
    return;
  }
  // What happened while the connection was away is told when it is back, and not before.
  const std::string stale = item.store->Get().last_error;
  item.observed->Read([&](const Observed& seen) {
    if (const auto& violation = seen.seen_although_never()) {
      view.final = true;
      return fail(fmt::format(": {} was as it never may be (at resource version {})",
                              violation->name(), violation->resource_version()));
    }
    if (demand.stays <= base::Duration{}) return;
    const base::Duration held = seen.holds() ? now - seen.since() : base::Duration{};
    if (seen.holds() && held >= demand.stays) {
      if (!stale.empty()) fail(": cannot be seen now: " + stale);
      return;
    }
    if (seen.holds()) {
      const base::Duration left = demand.stays - held;
      view.again = std::min(view.again.value_or(left), left);
    }
    std::string why = fmt::format(": has held for {}, has to stay so for {}",
                                  base::FormatSpan(held), base::FormatSpan(demand.stays));
    if (!seen.broken().empty())
      why += fmt::format("; before that it held for {} and was broken: {}",
                         base::FormatSpan(seen.held_before_break()), seen.broken());
    fail(why);
  });
}

void Timeline::LookAtPair(const Item& before, const Item& after, View& view) {
  const auto first = [](const Item& item) {
    return item.observed ? item.observed->Read([](const Observed& seen) { return seen.first(); })
                         : std::nullopt;
  };
  const auto earlier = first(before);
  const auto later = first(after);
  const std::string one = SubjectOf(*before.demand, before.observed);
  const std::string other = SubjectOf(*after.demand, after.observed);
  const auto fail = [&](const Item& item, const std::string& why) {
    view.holds = false;
    view.failures.push_back(FailureAt(item.demand->place, why));
  };
  if (!earlier) return fail(before, fmt::format("{}: has not been so yet", one));
  if (!later) return fail(after, fmt::format("{}: has not been so yet", other));
  if (earlier->to < later->from) return;
  view.final = true;
  if (later->to < earlier->from) {
    fail(after, fmt::format("{}: was so before {} ({}): resource versions {} and {}", other, one,
                            before.demand->place.Text(), later->to, earlier->to));
  } else if (later->from == later->to && earlier->from == earlier->to) {
    fail(after, fmt::format("{}: was so at the same moment as {} ({}): resource version {}", other,
                            one, before.demand->place.Text(), later->to));
  } else {
    fail(after, fmt::format("{} and {} ({}): at least one was so before it was looked at: their "
                            "order was not seen",
                            other, one, before.demand->place.Text()));
  }
}

Timeline::View Timeline::Look(base::Instant now) const {
  View view;
  const Item* before = nullptr;
  for (const Item& item : items_) {
    if (!item.in_order) {
      LookAtOne(item, now, view);
      continue;
    }
    if (before != nullptr) LookAtPair(*before, item, view);
    before = &item;
  }
  return view;
}

}  // namespace trial
