#pragma once

// One test from its namespace to its verdict.

#include <random>

#include "sys/process.h"
#include "trial/cleaner.h"
#include "trial/lookout.h"
#include "trial/plan.h"
#include "trial/steps/context.h"

namespace trial {

// What the tests of a run share.
struct TestSettings {
  std::string run;                                 // id; value of the namespaces' label
  std::map<std::string, std::string> environment;  // of commands, without NAMESPACE
  base::Duration timeout = std::chrono::seconds(30);
  std::string shared_ns;  // the suite's namespace; "": one for each test
  bool skip_delete = false;
  bool keep_failed = false;
  bool fail_early = false;  // unless a step says otherwise
  std::filesystem::path artifacts;
  std::filesystem::path scratch;  // private folder: output of background commands, kubeconfigs
  std::vector<std::filesystem::path> kubeconfig_files;  // what the run's cluster was read from
  base::Duration cleanup_limit{};                       // of namespaces on other clusters
  bool log_events = false;  // tell the events of the test's namespace when it has ended
  expect::Evaluator* evaluator = nullptr;
  Lookout* lookout = nullptr;  // null: nobody wants a timeline
};

// Runs `test` in the namespace `ns` and tells it all; returns the verdict of its steps and what is
// to be removed. Steps behind a failed one are told as skipped. Ends soon after `until` is stopped;
// the step that was running is errored then.
struct TestResult {
  Verdict verdict = Verdict::kPassed;
  Leftovers leftovers;
};
TestResult RunTest(const PlannedTest& test, const std::string& ns, const TestSettings& settings,
                   kube::Client& client, StorePool& stores, Announcer& announcer,
                   const base::Until& until);

}  // namespace trial
