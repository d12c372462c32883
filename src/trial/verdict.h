#pragma once

// How things ended, as values that keep their meaning up to the report and the exit code.

#include <string>
#include <string_view>
#include <vector>

namespace trial {

// kFailed: the product is not what the suite expects. kErrored: we could not find out (bad suite,
// API server gone, a step that could not be done at all, interrupted). kSkipped: not reached.
enum class Verdict { kPassed, kFailed, kErrored, kSkipped };

// "passed", "failed", "errored", "skipped".
std::string_view ToString(Verdict verdict);

// The one that decides for both: errored, failed, passed, skipped, in this order.
Verdict Worse(Verdict one, Verdict other);

struct Totals {
  int passed = 0;
  int failed = 0;
  int errored = 0;
  int skipped = 0;

  void Add(Verdict verdict);
  int total() const { return passed + failed + errored + skipped; }
  // Nothing failed or errored (also when nothing ran at all).
  bool ok() const { return failed == 0 && errored == 0; }
};

// One thing that was not as expected. Only `message` is always there.
struct Failure {
  std::string file;  // the file that asked for it, as a path the user can open
  int line = 0;      // counted from 1; 0: unknown
  int column = 0;
  // One line: what and where: `ConfigMap kuttl-x/web: .data.color: expected "red", found "blue"`.
  std::string message;
  // Every difference to the nearest object, one line each; or the end of a command's output.
  std::vector<std::string> details;
  // What the fields that differ have been during the wait, one line each:
  // `.status.readyReplicas was nothing, then 1 (after 2.3 s), 0 (after 4.1 s)`.
  std::vector<std::string> history;
  std::string expected;  // YAML of what was asked for, or ""
  std::string found;     // YAML of the same fields of the nearest object, or ""
  std::string diff;      // unified diff of the two, or ""
  // Why, from the object down to the root: `Deployment web: 0 of 1 replicas available`, `Pod
  // web-5d: container app is waiting: ImagePullBackOff: ...`.
  std::vector<std::string> cause;

  // "tests/web/00-assert.yaml:12" or "".
  std::string Place() const;
};

}  // namespace trial
