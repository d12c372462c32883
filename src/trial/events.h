#pragma once

// What a run tells while it runs. Reporters, the console and the timeline are Listeners; nothing
// else comes out of the runner but its totals.

#include <string>
#include <vector>

#include "base/clock.h"
#include "trial/verdict.h"

namespace trial {

// Which test: the suite as it was given ("tests/e2e") and the name of the test's directory. Unique
// in a run.
struct TestId {
  std::string suite;
  std::string test;
  auto operator<=>(const TestId&) const = default;
};

// Which step of a test. The set-up of a test (its namespace) is a step too: index -1, name "setup";
// so are the `finally` commands of its steps: index -2, name "finally".
struct StepId {
  TestId test;
  int index = -1;
  std::string name;  // may be empty
  // "setup", "finally", or kuttl's display form "0-install", "1-".
  std::string Text() const;
};

struct RunStarted {
  std::string run;      // id of this run; also the value of its namespaces' label
  std::string name;     // metadata.name of the TestSuite, or ""
  std::string server;   // "https://127.0.0.1:41234"
  std::string context;  // of the kubeconfig, or ""
  int suites = 0;
  int tests = 0;
  int parallel = 0;
  base::Duration timeout{};  // default of a step
};

struct RunEnded {
  Totals totals;                       // of tests
  Verdict verdict = Verdict::kPassed;  // of all: tests, set-up, clean-up
  bool interrupted = false;
  // What went wrong outside of any test: suite set-up (crdDir, manifestDirs, commands), clean-up.
  std::vector<Failure> failures;
  base::Duration took{};        // until the last clean-up was verified
  base::Duration to_verdict{};  // until the last test had its verdict
};

// One test directory list entry of the run (kuttl's testDirs).
struct SuiteStarted {
  std::string suite;
  int tests = 0;
};

struct SuiteEnded {
  std::string suite;
  Totals totals;
  base::Duration took{};  // from the start of its first test to the end of its last
};

struct TestStarted {
  TestId id;
  std::string directory;
  std::string ns;  // the namespace that it gets
  int steps = 0;   // without the set-up
};

// The verdict of the steps; CleanupEnded may make it worse later.
struct TestEnded {
  TestId id;
  Verdict verdict = Verdict::kPassed;
  base::Duration took{};
};

struct StepStarted {
  StepId id;
  std::string file;  // the step's first file, or ""
  base::Duration timeout{};
  int assertions = 0;  // assert and errors objects
};

struct StepEnded {
  StepId id;
  Verdict verdict = Verdict::kPassed;
  // Everything that was wrong; the first is the most telling. Empty unless failed or errored.
  std::vector<Failure> failures;
  std::vector<std::string> collected;  // files written below the artifacts folder
  int assertions = 0;
  base::Duration took{};
};

// What a step is waiting for now. Sent when it changes, at most some ten times a second for a step.
struct WaitProgress {
  StepId id;
  std::string waiting_for;  // "Deployment kuttl-x/web (00-assert.yaml:3)"
  std::string mismatch;     // the nearest miss: ".status.readyReplicas: expected 3, found 1"
  std::string cause;        // "Pod web-5d: container app is waiting: ImagePullBackOff: ...", or ""
  int satisfied = 0;        // of `of` conditions
  int of = 0;
  base::Duration waited{};
  base::Duration left{};  // until the step's deadline
};

enum class Severity { kInfo, kWarning };

// One line of the run's story: objects created, commands and their output, warnings about the
// suite's files. `id.test` is empty outside of tests; `id.name` is empty outside of steps.
struct LogLine {
  StepId id;
  Severity severity = Severity::kInfo;
  std::string file;  // the file that it is about, or ""
  int line = 0;
  int column = 0;
  std::string text;
};

// A test's objects and namespace are gone (kPassed), are still there when the limit passed
// (kFailed, the failures name what is left), or stay because the user asked for it (kSkipped). One
// for every TestStarted, after its TestEnded and before the RunEnded.
struct CleanupEnded {
  TestId id;
  std::string ns;
  Verdict verdict = Verdict::kPassed;
  std::vector<Failure> failures;
  base::Duration took{};  // since the deletion was asked for
};

// Something that was seen in a test's namespace, for a timeline: objects that came, changed and
// went, Kubernetes events, lines of Pods' logs. Only told when the run was asked to look
// (RunSettings::look), between the test's TestStarted and its CleanupEnded, bounded for each test
// (lookout.h). Changes and events carry the moment at which we saw them; lines of logs the time
// that the node gave them.
struct Sighting {
  enum class What { kAppeared, kChanged, kGone, kEvent, kLog, kLeftOut };
  TestId id;
  What what = What::kChanged;
  std::string kind;  // of the object that it is about; "" for kLeftOut
  std::string name;
  std::string text;  // "condition Ready: True", "FailedScheduling: 0/1 nodes ...", a line of a log
  Severity severity = Severity::kInfo;  // kWarning: something that is wrong
  base::WallTime when{};
};

// `at` of every event, on both clocks.
struct Moment {
  base::Instant instant{};
  base::WallTime wall{};
};

// Delivered one at a time, in order, on the runner's threads: implementations need no locks and
// must not block for long. Started and ended come in pairs: run { suite { test { step } } }, also
// when the run is interrupted; tests of several suites may overlap.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void OnRunStarted(const RunStarted&, const Moment&) {}
  virtual void OnRunEnded(const RunEnded&, const Moment&) {}
  virtual void OnSuiteStarted(const SuiteStarted&, const Moment&) {}
  virtual void OnSuiteEnded(const SuiteEnded&, const Moment&) {}
  virtual void OnTestStarted(const TestStarted&, const Moment&) {}
  virtual void OnTestEnded(const TestEnded&, const Moment&) {}
  virtual void OnStepStarted(const StepStarted&, const Moment&) {}
  virtual void OnStepEnded(const StepEnded&, const Moment&) {}
  virtual void OnWaitProgress(const WaitProgress&, const Moment&) {}
  virtual void OnLogLine(const LogLine&, const Moment&) {}
  virtual void OnCleanupEnded(const CleanupEnded&, const Moment&) {}
  virtual void OnSighting(const Sighting&, const Moment&) {}
  // Nothing has happened for half a second or so: for clocks on a screen.
  virtual void OnQuiet(const Moment&) {}
};

}  // namespace trial
