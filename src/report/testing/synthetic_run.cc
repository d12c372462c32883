#include "report/testing/synthetic_run.h"

#include <chrono>

namespace report::testing {
namespace {

using std::chrono::milliseconds;
using trial::Verdict;

constexpr milliseconds kLimit{30'000};

trial::Moment At(int after_milliseconds) {
  constexpr auto kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  const milliseconds after(after_milliseconds);
  return {base::Instant(std::chrono::seconds(1000) + after), kStart + after};
}

trial::Failure WrongImage() {
  trial::Failure failure;
  failure.file = "tests/e2e/web/01-assert.yaml";
  failure.line = 12;
  failure.column = 3;
  failure.message = "Deployment trial-b/web: .status.readyReplicas: expected 3, found 1";
  failure.details = {"tests/e2e/web/01-assert.yaml:9: .spec.image: expected \"a&b\", found \"<c>\"",
                     "tests/e2e/web/01-assert.yaml:12: .status.readyReplicas: expected 3, found 1"};
  failure.expected = "spec:\n  image: a&b\nstatus:\n  readyReplicas: 3\n";
  failure.found = "spec:\n  image: <c>\nstatus:\n  readyReplicas: 1\n";
  failure.diff =
      "--- expected (tests/e2e/web/01-assert.yaml:1)\n+++ found (Deployment trial-b/web)\n"
      "@@ -1,4 +1,4 @@\n spec:\n-  image: a&b\n+  image: <c>\n status:\n-  readyReplicas: 3\n"
      "+  readyReplicas: 1\n";
  failure.cause = {"Deployment web: 1 of 3 replicas available",
                   "Pod web-5d: container app is waiting: ImagePullBackOff: not \"found\""};
  return failure;
}

trial::Failure FailedCommand() {
  trial::Failure failure;
  failure.file = "tests/e2e/web/01-assert.yaml";
  failure.line = 20;
  failure.message = "command \"curl web\" failed: exit status 7";
  failure.details = {"\x1b[31mred\x1b[0m \x01 \xFF", "]]> caf\xC3\xA9\ttab"};
  return failure;
}

void TellStep(trial::Listener& listener, const trial::StepId& id, int begin, int end,
              Verdict verdict, std::vector<trial::Failure> failures = {},
              std::vector<std::string> collected = {}) {
  const int assertions = id.index < 0 ? 0 : 2;
  listener.OnStepStarted({id, "", kLimit, assertions}, At(begin));
  if (verdict == Verdict::kFailed) {
    listener.OnWaitProgress({id, "Deployment trial-b/web (01-assert.yaml:1)",
                             ".status.readyReplicas: expected 3, found 1",
                             "Pod web-5d: container app is waiting: ImagePullBackOff", 1, 2,
                             milliseconds(12'000), milliseconds(18'000)},
                            At(begin + 12'000));
  }
  listener.OnStepEnded({id, verdict, std::move(failures), std::move(collected), assertions,
                        milliseconds(end - begin)},
                       At(end));
}

void TellPassingTest(trial::Listener& listener) {
  const trial::TestId id{"./tests/e2e", "config"};
  listener.OnTestStarted({id, "tests/e2e/config", "trial-a", 1}, At(10));
  TellStep(listener, {id, -1, "setup"}, 10, 60, Verdict::kPassed);
  listener.OnLogLine({{id, 0, "install"},
                      trial::Severity::kWarning,
                      "tests/e2e/config/00-install.yaml",
                      3,
                      1,
                      "unknown field \"timout\" (did you mean \"timeout\"?)"},
                     At(70));
  TellStep(listener, {id, 0, "install"}, 60, 1260, Verdict::kPassed);
  listener.OnTestEnded({id, Verdict::kPassed, milliseconds(1250)}, At(1260));
}

void TellSightings(trial::Listener& listener, const trial::TestId& id) {
  using What = trial::Sighting::What;
  const auto tell = [&](int at, What what, const char* kind, const char* name, const char* text,
                        bool wrong) {
    const auto severity = wrong ? trial::Severity::kWarning : trial::Severity::kInfo;
    listener.OnSighting({id, what, kind, name, text, severity, At(at).wall}, At(30580));
  };
  tell(600, What::kAppeared, "Deployment", "web", "", false);
  tell(700, What::kAppeared, "Pod", "web-5d", "", false);
  tell(1700, What::kChanged, "Pod", "web-5d", "container app: waiting, ImagePullBackOff", true);
  tell(1800, What::kEvent, "Pod", "web-5d", "Failed: not \"found\": </script><b>", true);
  tell(2000, What::kLog, "Pod", "web-5d/app", "\x1b[32mlistening\x1b[0m on :80", false);
  tell(30580, What::kLeftOut, "", "", "17 lines of logs", false);
}

void TellFailingTest(trial::Listener& listener) {
  const trial::TestId id{"./tests/e2e", "web"};
  listener.OnTestStarted({id, "tests/e2e/web", "trial-b", 3}, At(20));
  TellStep(listener, {id, -1, "setup"}, 20, 70, Verdict::kPassed);
  TellStep(listener, {id, 0, "install"}, 70, 570, Verdict::kPassed);
  TellStep(listener, {id, 1, ""}, 570, 30570, Verdict::kFailed, {WrongImage(), FailedCommand()},
           {"out/web/1-/events.txt", "out/web/1-/pod-web-5d.log"});
  TellStep(listener, {id, 10, "after"}, 30570, 30570, Verdict::kSkipped);
  listener.OnTestEnded({id, Verdict::kFailed, milliseconds(30'550)}, At(30570));
  TellSightings(listener, id);
}

void TellTestWithoutNamespace(trial::Listener& listener) {
  const trial::TestId id{"./tests/more", "denied"};
  trial::Failure failure;
  failure.message = "cannot create namespace trial-c: denied";
  listener.OnTestStarted({id, "tests/more/denied", "trial-c", 1}, At(30));
  TellStep(listener, {id, -1, "setup"}, 30, 40, Verdict::kErrored, {failure});
  TellStep(listener, {id, 0, "never"}, 40, 40, Verdict::kSkipped);
  listener.OnTestEnded({id, Verdict::kErrored, milliseconds(10)}, At(40));
  listener.OnCleanupEnded({id, "trial-c", Verdict::kPassed, {}, milliseconds(5)}, At(45));
}

trial::Failure StillThere() {
  trial::Failure failure;
  failure.message = "namespace trial-a is still there: 1 Pod has the finalizer example.com/hold";
  return failure;
}

}  // namespace

void TellSyntheticRun(trial::Listener& listener) {
  trial::RunStarted run;
  run.run = "r1";
  run.name = "demo";
  run.server = "https://127.0.0.1:6443";
  run.context = "kind-demo";
  run.suites = 2;
  run.tests = 3;
  run.parallel = 8;
  run.timeout = kLimit;
  listener.OnRunStarted(run, At(0));
  listener.OnSuiteStarted({"./tests/more", 1}, At(5));
  listener.OnSuiteStarted({"./tests/e2e", 2}, At(5));
  TellTestWithoutNamespace(listener);
  listener.OnSuiteEnded({"./tests/more", {0, 0, 1, 0}, milliseconds(10)}, At(40));
  TellPassingTest(listener);
  TellFailingTest(listener);
  listener.OnSuiteEnded({"./tests/e2e", {1, 1, 0, 0}, milliseconds(30'565)}, At(30570));
  const trial::TestId first{"./tests/e2e", "config"};
  listener.OnCleanupEnded(
      {first, "trial-a", Verdict::kFailed, {StillThere()}, milliseconds(60'000)}, At(61'260));
  const trial::TestId second{"./tests/e2e", "web"};
  listener.OnCleanupEnded({second, "trial-b", Verdict::kPassed, {}, milliseconds(6'000)},
                          At(36'570));
  trial::RunEnded end;
  end.totals = {1, 1, 1, 0};
  end.verdict = Verdict::kErrored;
  end.took = milliseconds(61'260);
  end.to_verdict = milliseconds(30'570);
  listener.OnRunEnded(end, At(61'260));
}

}  // namespace report::testing
