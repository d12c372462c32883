#include "report/go_lines.h"

#include <sstream>

#include <gtest/gtest.h>

namespace report {
namespace {

using namespace std::chrono_literals;
using trial::Verdict;

TEST(GoLinesTest, PrintsTheVerdictOfEveryTestWithItsCleanUp) {
  std::ostringstream out;
  GoLines go_lines(out);
  const trial::Moment at;
  go_lines.OnTestEnded({{"one", "install"}, Verdict::kPassed, 1500ms}, at);
  go_lines.OnTestEnded({{"one", "stuck"}, Verdict::kPassed, 2s}, at);
  go_lines.OnTestEnded({{"two", "install"}, Verdict::kErrored, 3s}, at);
  go_lines.OnCleanupEnded({{"one", "install"}, "ns", Verdict::kPassed, {}, {}}, at);
  go_lines.OnCleanupEnded({{"one", "stuck"}, "ns", Verdict::kFailed, {}, {}}, at);
  go_lines.OnCleanupEnded({{"two", "install"}, "ns", Verdict::kSkipped, {}, {}}, at);
  trial::RunEnded end;
  end.verdict = Verdict::kErrored;
  end.took = 4s;
  end.to_verdict = 3s;
  go_lines.OnRunEnded(end, at);

  EXPECT_EQ(out.str(),
            "--- FAIL: kuttl (4.00s)\n"
            "    --- FAIL: kuttl/harness (3.00s)\n"
            "        --- PASS: kuttl/harness/install (1.50s)\n"
            "        --- FAIL: kuttl/harness/stuck (2.00s)\n"
            "        --- FAIL: kuttl/harness/install#01 (3.00s)\n"
            "FAIL\n");
}

TEST(GoLinesTest, ARunThatPassedEndsWithPass) {
  std::ostringstream out;
  GoLines go_lines(out);
  go_lines.OnRunEnded({}, {});

  EXPECT_EQ(out.str(), "--- PASS: kuttl (0.00s)\nPASS\n");
}

}  // namespace
}  // namespace report
