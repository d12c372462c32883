#pragma once

// Runs a plan on a cluster: set-up of the suite, tests in parallel, clean-up beside them, events to
// listeners.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "expect/evaluator.h"
#include "kube/client.h"
#include "trial/events.h"
#include "trial/plan.h"
#include "trial/store_pool.h"
#include "trial/suite.h"

namespace trial {

struct RunSettings {
  std::string run;                                 // a short id, valid as a label
  std::filesystem::path working_directory;         // relative paths of the suite start here
  std::map<std::string, std::string> environment;  // what commands inherit
  std::string kubernetes_bin;                      // put in front of their PATH; "": nothing
  WatchScope scope = WatchScope::kNamespace;
  // What the client's access was read from, for steps with a context alone; may be empty.
  std::vector<std::filesystem::path> kubeconfig_files;
  bool log_events = false;  // tell the events of a test's namespace when it has ended, as kuttl
  uint64_t seed = 0;        // of the namespaces' names
  // How long a namespace may take to go.
  base::Duration cleanup_limit = std::chrono::seconds(60);
  std::filesystem::path artifacts;  // folder for what failed steps leave
  // Also watch what happens in the tests' namespaces and tell it as Sightings: for reports with a
  // timeline. Costs a watch for each kind that there is to see, and the logs of Pods.
  bool look = false;
  // What to run before the tests: the objects of crdDir and of manifestDirs.
  std::vector<Manifest> crds;
  std::vector<Manifest> manifests;
  // For expressions of TestAsserts; null: there can be none.
  expect::Evaluator* evaluator = nullptr;
};

struct RunResult {
  Totals totals;  // of tests, clean-up included
  Verdict verdict = Verdict::kPassed;
  bool interrupted = false;
};

// Blocks until every test has its verdict and every namespace is verified gone (or its limit
// passed). When `until` is stopped, running steps end, everything is removed, and the rest is told
// as skipped. `client` is for one cluster and used by many threads. An error means that nothing was
// started: the private kubeconfig for commands could not be written.
base::Result<RunResult> Run(const Plan& plan, const SuiteConfig& suite, const RunSettings& settings,
                            kube::Client& client, std::vector<Listener*> listeners, base::Log log,
                            const base::Until& until);

}  // namespace trial
