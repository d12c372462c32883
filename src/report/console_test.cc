#include "report/console.h"

#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/testing/synthetic_run.h"

namespace report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trial::Verdict;

std::string Told(ConsoleOptions options) {
  std::ostringstream out;
  Console console(out, options);
  testing::TellSyntheticRun(console);
  return out.str();
}

TEST(ConsoleTest, TellsAPlainLogWithEverythingAboutFailures) {
  EXPECT_EQ(Told({}),
            R"(3 tests in 2 suites, 8 at a time, on https://127.0.0.1:6443 (context kind-demo)
  ! ./tests/more/denied (0.01 s)
    setup errored after 0.01 s
      cannot create namespace trial-c: denied
  warning: tests/e2e/config/00-install.yaml:3:1: unknown field "timout" (did you mean "timeout"?)
  ✓ ./tests/e2e/config (1.25 s)
  … ./tests/e2e/web 1-: waiting for 1/2 Deployment trial-b/web (01-assert.yaml:1): .status.readyReplicas: expected 3, found 1 (12.0 s)
      Pod web-5d: container app is waiting: ImagePullBackOff
  ✗ ./tests/e2e/web (30.6 s)
    1- failed after 30.0 s
      tests/e2e/web/01-assert.yaml:12:
      Deployment trial-b/web: .status.readyReplicas: expected 3, found 1
        tests/e2e/web/01-assert.yaml:9: .spec.image: expected "a&b", found "<c>"
        tests/e2e/web/01-assert.yaml:12: .status.readyReplicas: expected 3, found 1
      --- expected (tests/e2e/web/01-assert.yaml:1)
      +++ found (Deployment trial-b/web)
      @@ -1,4 +1,4 @@
       spec:
      -  image: a&b
      +  image: <c>
       status:
      -  readyReplicas: 3
      +  readyReplicas: 1
      why:
        Deployment web: 1 of 3 replicas available
        Pod web-5d: container app is waiting: ImagePullBackOff: not "found"

      tests/e2e/web/01-assert.yaml:20:
      command "curl web" failed: exit status 7
        red � �
        ]]> café	tab

      collected:
        out/web/1-/events.txt
        out/web/1-/pod-web-5d.log
  ✗ ./tests/e2e/config clean-up of namespace trial-a failed after 60.0 s
      namespace trial-a is still there: 1 Pod has the finalizer example.com/hold
not passed:
  ./tests/more/denied setup
  ./tests/e2e/web 1-
  ./tests/e2e/config clean-up
3 tests: 1 passed, 1 failed, 1 errored in 30.6 s (clean-up until 61.3 s)
)");
}

TEST(ConsoleTest, WritesNoEscapesWithoutColor) {
  EXPECT_THAT(Told({}), Not(HasSubstr("\x1b")));
}

TEST(ConsoleTest, ColorsTicksAndDiffs) {
  ConsoleOptions options;
  options.color = true;

  const std::string text = Told(options);

  EXPECT_THAT(text, HasSubstr("\x1b[32m\xE2\x9C\x93\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[31m-  image: a&b\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[32m+  image: <c>\x1b[0m"));
}

TEST(ConsoleTest, ShowsRunningStepsOnATerminalAndTakesThemBack) {
  ConsoleOptions options;
  options.live = true;
  options.width = 60;

  const std::string text = Told(options);

  EXPECT_THAT(text, HasSubstr("J  … ./tests/e2e/web 1- 12.0 s 1/2 Deployment trial-b/web (0…\n"
                              "      .status.readyReplicas: expected 3, found 1\n"
                              "      why: Pod web-5d: container app is waiting: ImagePullB…\n"));
  EXPECT_THAT(text, HasSubstr("\x1b[4A\r\x1b[J"));
  EXPECT_THAT(text, HasSubstr("  2 of 3 done\n"));
}

TEST(ConsoleTest, NeverShowsMoreRunningTestsThanTheTerminalHasLines) {
  ConsoleOptions options;
  options.live = true;
  options.height = 10;
  std::ostringstream out;
  Console console(out, options);

  for (int i = 0; i < 30; ++i) {
    console.OnTestStarted({{"s", fmt::format("t{}", i)}, "", "", 1}, {});
  }

  EXPECT_THAT(out.str(), HasSubstr("\x1b[9A"));
  EXPECT_THAT(out.str(), Not(HasSubstr("\x1b[10A")));
  EXPECT_THAT(out.str(), HasSubstr("and 23 more"));
}

TEST(ConsoleTest, TellsWhatStepsDidWhenAskedTo) {
  ConsoleOptions options;
  options.verbose = true;
  std::ostringstream out;
  Console console(out, options);

  console.OnLogLine({{{"s", "t"}, 0, "go"}, trial::Severity::kInfo, "", 0, 0, "created a\x1b[1m"},
                    {});

  EXPECT_EQ(out.str(), "    t 0-go: created a\n");
}

TEST(ConsoleTest, SaysWhenNothingRanOrTheRunWasInterrupted) {
  std::ostringstream out;
  Console console(out, {});
  trial::RunEnded end;
  end.verdict = Verdict::kErrored;
  end.interrupted = true;
  end.failures.resize(1);
  end.failures[0].message = "crds/job.yaml: denied";

  console.OnRunEnded(end, {});

  EXPECT_EQ(
      out.str(),
      "  ! outside of the tests\n    crds/job.yaml: denied\nno test ran in 0.00 s, interrupted\n");
}

TEST(FitTest, CutsBetweenCharacters) {
  EXPECT_EQ(Fit("abc", 3), "abc");
  EXPECT_EQ(Fit("abcd", 3), "ab…");
  EXPECT_EQ(Fit("ééé", 3), "ééé");
  EXPECT_EQ(Fit("éééé", 3), "éé…");
  EXPECT_EQ(Fit("abc", 0), "");
}

}  // namespace
}  // namespace report
