#pragma once

// A suite that runs on a thread of its own while the test does something to its cluster.

#include <optional>

#include "base/crew.h"
#include "base/guarded.h"
#include "trial/runner.h"
#include "trial/testing/progress_log.h"
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
  std::optional<WaitProgress> Await(const ProgressLog::Wanted& wanted, const base::Until& until) {
    return progress_.Await(wanted, until);
  }
  // Waits for the end, and ends it when `until` is over first. Then the events may be read.
  // Whatever keeps the suite from running fails the calling test.
  RunResult Finish(const base::Until& until);
  const EventLog& events() const { return events_; }

 private:
  EventLog events_;
  ProgressLog progress_;
  base::Guarded<std::optional<base::Result<RunResult>>> result_;
  base::Crew crew_;
};

}  // namespace trial::testing
