#pragma once

// What a step asks about more than one moment: `stays`, `never`, `order`. Followed by the watches
// from before the step's first change.

#include <memory>
#include <optional>
#include <vector>

#include "trial/demand.h"
#include "trial/observed.h"
#include "trial/steps/context.h"

namespace trial {

// Used by one thread; the watch threads tell it.
class Timeline {
 public:
  // Follows nothing yet.
  explicit Timeline(const Step& step);
  // Does the step ask for anything of the kind?
  bool empty() const { return items_.empty(); }

  // Follows what it does not yet. A kind that the cluster does not serve yet is left for the next
  // call. kDenied where watching is: what was not seen cannot be judged.
  base::Result<> Follow(const StepContext& context, const base::Until& until);

  struct View {
    bool holds = true;
    bool final = false;                   // and will not hold any more
    std::optional<base::Duration> again;  // time alone may make it hold: look again then
    std::vector<Failure> failures;        // why not; empty when it holds
  };
  View Look(base::Instant now) const;

  // The kinds and namespaces whose changes matter.
  std::vector<std::pair<kube::Kind, std::string>> Followed() const;

 private:
  struct Item {
    std::shared_ptr<const Demand> demand;
    bool in_order = false;
    std::shared_ptr<base::Guarded<Observed>> observed;  // null: not followed yet
    std::shared_ptr<kube::Store> store;
    kube::Store::Subscription subscription;  // after the store: ends first
  };
  base::Result<> FollowOne(Item& item, const StepContext& context, const base::Until& until);
  static void LookAtOne(const Item& item, base::Instant now, View& view);
  static void LookAtPair(const Item& before, const Item& after, View& view);

  std::vector<Item> items_;
};

}  // namespace trial
