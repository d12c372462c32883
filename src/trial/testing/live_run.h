#pragma once

// A suite that runs on a thread of its own while the test does something to its cluster.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/crew.h"
#include "base/guarded.h"
#include "trial/runner.h"
#include "trial/testing/suite_files.h"

namespace trial::testing {

struct LiveRunOptions {
  SuiteConfig config;
  WatchScope scope = WatchScope::kCluster;
};

// Starts the tests in `suite/` of the files. The files, client and clock must outlive it.
class LiveRun {
 public:
  LiveRun(const SuiteFiles& files, kube::Client& client, base::Clock& clock,
          LiveRunOptions options);

  // The first progress (from now or before) that `wanted` is true of; nullopt when `until` is over.
  std::optional<WaitProgress> Await(const std::function<bool(const WaitProgress&)>& wanted,
                                    const base::Until& until);
  // Waits for the end. Then the events may be read.
  RunResult Finish(const base::Until& until);
  const EventLog& events() const { return events_; }

 private:
  // Copies what may be looked at while the run lasts.
  class Progress final : public Listener {
   public:
    void OnWaitProgress(const WaitProgress& event, const Moment&) override {
      all_.With([&](auto& all) { all.push_back(event); });
    }
    base::Guarded<std::vector<WaitProgress>> all_;
  };

  EventLog events_;
  Progress progress_;
  base::Guarded<std::optional<RunResult>> result_;
  base::Crew crew_;
};

}  // namespace trial::testing
