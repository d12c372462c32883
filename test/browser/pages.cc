// Writes HTML reports of made-up runs for the tests in a browser. Usage: browser-pages FOLDER
// one.html: the synthetic run; hostile.html: names and texts that want to break out; thousand.html:
// 1,000 tests.

#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "report/html_report.h"
#include "report/junit.h"
#include "report/testing/synthetic_run.h"

namespace {

using namespace std::chrono_literals;
using report::Recorder;
using report::Timeline;
using trial::Verdict;

constexpr char kHostile[] =
    "</script><script>document.title='broken'</script><img src=x "
    "onerror=hit()>\"'&\x1b[31m{{data}}";

trial::Moment At(base::Duration after) {
  constexpr auto kStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return {base::Instant(after),
          kStart + std::chrono::duration_cast<base::WallTime::duration>(after)};
}

// One test of `text`s that fails after two seconds.
void TellFailedTest(trial::Listener& listener, const trial::TestId& id, const std::string& text,
                    base::Duration begin) {
  const trial::StepId step{id, 0, text};
  trial::Failure failure;
  failure.file = failure.message = failure.diff = failure.expected = failure.found = text;
  failure.details = failure.cause = {text};
  listener.OnTestStarted({id, text, text, 1}, At(begin));
  listener.OnStepStarted({step, text, 30s, 1}, At(begin));
  listener.OnLogLine({step, trial::Severity::kWarning, text, 1, 1, text}, At(begin + 1s));
  listener.OnSighting({id, trial::Sighting::What::kEvent, text, text, text,
                       trial::Severity::kWarning, At(begin + 1s).wall},
                      At(begin + 1s));
  listener.OnStepEnded({step, Verdict::kFailed, {failure}, {}, 1, 2s}, At(begin + 2s));
  listener.OnTestEnded({id, Verdict::kFailed, 2s}, At(begin + 2s));
  listener.OnCleanupEnded({id, text, Verdict::kPassed, {}, 5s}, At(begin + 7s));
}

void TellPassedTest(trial::Listener& listener, const trial::TestId& id, base::Duration begin) {
  listener.OnTestStarted({id, id.test, "ns", 2}, At(begin));
  for (int i = 0; i < 2; ++i) {
    const trial::StepId step{id, i, "part"};
    const base::Duration at = begin + i * 1s;
    listener.OnStepStarted({step, "00-part.yaml", 30s, 1}, At(at));
    for (int line = 0; line < 20; ++line)
      listener.OnSighting({id,
                           trial::Sighting::What::kChanged,
                           "Pod",
                           fmt::format("web-{}", line % 5),
                           fmt::format("condition Ready: {}", line),
                           {},
                           At(at + line * 40ms).wall},
                          At(at + 1s));
    listener.OnStepEnded({step, Verdict::kPassed, {}, {}, 1, 1s}, At(at + 1s));
  }
  listener.OnTestEnded({id, Verdict::kPassed, 2s}, At(begin + 2s));
  listener.OnCleanupEnded({id, "ns", Verdict::kPassed, {}, 5s}, At(begin + 7s));
}

void TellHostileRun(trial::Listener& listener) {
  trial::RunStarted run;
  run.run = run.name = run.server = run.context = kHostile;
  listener.OnRunStarted(run, At({}));
  listener.OnSuiteStarted({kHostile, 1}, At({}));
  TellFailedTest(listener, {kHostile, kHostile}, kHostile, 0s);
  listener.OnRunEnded({{0, 1, 0, 0}, Verdict::kFailed, false, {}, 7s, 2s}, At(7s));
}

void TellThousandTests(trial::Listener& listener) {
  trial::RunStarted run;
  run.name = "a thousand";
  run.server = "https://127.0.0.1:6443";
  run.parallel = 8;
  listener.OnRunStarted(run, At({}));
  listener.OnSuiteStarted({"suite", 1000}, At({}));
  for (int i = 0; i < 1000; ++i) {
    const trial::TestId id{"suite", fmt::format("test-{:04}", i)};
    const base::Duration begin = (i / 8) * 2s;
    if (i % 100 == 7)
      TellFailedTest(listener, id, fmt::format("needle-{} was not found", i), begin);
    else
      TellPassedTest(listener, id, begin);
  }
  listener.OnRunEnded({{990, 10, 0, 0}, Verdict::kFailed, false, {}, 255s, 250s}, At(255s));
}

bool WritePage(const std::filesystem::path& file, void (*tell)(trial::Listener&)) {
  Recorder recorder;
  Timeline timeline;
  tell(recorder);
  tell(timeline);
  const auto written =
      report::WriteReport(file, report::FormatHtml({recorder.record(), timeline, nullptr, file}));
  if (!written.ok()) fmt::print(stderr, "browser-pages: {}\n", written.error().message());
  return written.ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: browser-pages FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const bool all = WritePage(folder / "one.html", report::testing::TellSyntheticRun) &&
                   WritePage(folder / "hostile.html", TellHostileRun) &&
                   WritePage(folder / "thousand.html", TellThousandTests);
  return all ? 0 : 1;
}
