#pragma once

// The last lines of `go test`, which kuttl's log ends with and CI jobs look for:
//   --- FAIL: kuttl (40.11s)
//       --- FAIL: kuttl/harness (40.05s)
//           --- PASS: kuttl/harness/install (38.02s)
//   FAIL

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "trial/events.h"

namespace report {

// Prints them when the run has ended; a test counts with its clean-up.
class GoLines final : public trial::Listener {
 public:
  // `out` must outlive it.
  explicit GoLines(std::ostream& out) : out_(out) {}

  void OnTestEnded(const trial::TestEnded& event, const trial::Moment& at) override;
  void OnCleanupEnded(const trial::CleanupEnded& event, const trial::Moment& at) override;
  void OnRunEnded(const trial::RunEnded& event, const trial::Moment& at) override;

 private:
  std::ostream& out_;
  std::vector<trial::TestId> order_;
  std::map<trial::TestId, trial::TestEnded> tests_;
};

}  // namespace report
