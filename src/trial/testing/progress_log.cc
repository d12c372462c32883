#include "trial/testing/progress_log.h"

#include <algorithm>

namespace trial::testing {

void ProgressLog::OnWaitProgress(const WaitProgress& event, const Moment&) {
  all_.With([&](auto& all) { all.push_back(event); });
}

std::optional<WaitProgress> ProgressLog::Await(const Wanted& wanted, const base::Until& until) {
  std::optional<WaitProgress> found;
  const auto look = [&](const std::vector<WaitProgress>& all) {
    const auto one = std::find_if(all.begin(), all.end(), wanted);
    if (one != all.end()) found = *one;
    return found.has_value();
  };
  (void)all_.Await(until, look);
  return found;
}

std::optional<WaitProgress> ProgressLog::AwaitMismatch(const std::string& text,
                                                       const base::Until& until) {
  return Await(
      [&](const WaitProgress& progress) {
        return progress.mismatch.find(text) != std::string::npos;
      },
      until);
}

}  // namespace trial::testing
