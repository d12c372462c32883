#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "trial/events.h"

namespace trial::testing {

// What waits tell, to be waited for while the run lasts: a test that changes something under a wait
// does so once the wait has told that it goes on. Thread-safe.
class ProgressLog final : public Listener {
 public:
  using Wanted = std::function<bool(const WaitProgress&)>;

  void OnWaitProgress(const WaitProgress& event, const Moment&) override;

  // The first progress (from now or before) that `wanted` is true of; nullopt when `until` is over.
  std::optional<WaitProgress> Await(const Wanted& wanted, const base::Until& until);
  // The same of one whose mismatch contains `text`.
  std::optional<WaitProgress> AwaitMismatch(const std::string& text, const base::Until& until);

 private:
  base::Guarded<std::vector<WaitProgress>> all_;
};

}  // namespace trial::testing
