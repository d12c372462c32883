#include "report/history.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "report/words.h"

namespace report {
namespace {

using sqlite::Row;
using trial::Verdict;

// "Sea" and a version, so that nobody's else database is written to by mistake.
// https://www.sqlite.org/pragma.html#pragma_application_id
constexpr int64_t kApplication = 0x53656101;
constexpr int64_t kVersion = 1;
constexpr int kKeptRuns = 500;
constexpr size_t kSlowest = 10;
constexpr size_t kMostAdvice = 20;
// Before so many runs nobody should move a timeout.
constexpr int kRunsToRaise = 3;
constexpr int kRunsToLower = 10;
constexpr base::Duration kWorthLowering = std::chrono::seconds(60);
constexpr base::Duration kLeastTimeout = std::chrono::seconds(10);

constexpr const char* kTables[] = {
    "CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, run TEXT, name TEXT, server TEXT, "
    "began INTEGER, took INTEGER, verdict TEXT)",
    "CREATE TABLE IF NOT EXISTS tests (run INTEGER REFERENCES runs ON DELETE CASCADE, suite TEXT, "
    "test TEXT, verdict TEXT, took INTEGER)",
    "CREATE TABLE IF NOT EXISTS steps (run INTEGER REFERENCES runs ON DELETE CASCADE, suite TEXT, "
    "test TEXT, step TEXT, verdict TEXT, took INTEGER, timeout INTEGER, assertions INTEGER)",
    "CREATE INDEX IF NOT EXISTS tests_of_run ON tests (run)",
    "CREATE INDEX IF NOT EXISTS steps_of_run ON steps (run)",
};

std::string Letter(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "P";
    case Verdict::kFailed:
      return "F";
    case Verdict::kErrored:
      return "E";
    case Verdict::kSkipped:
      break;
  }
  return "S";
}

int64_t Milliseconds(base::Duration span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

void CountFlips(HistoryDigest::Test& test) {
  int flips = 0;
  for (size_t i = 1; i < test.last.size(); ++i)
    if ((test.last[i] == 'P') != (test.last[i - 1] == 'P')) ++flips;
  // One flip is a defect that came, or one that was repaired.
  test.flaky = flips >= 2;
}

// Up to whole 5 s.
base::Duration Rounded(base::Duration span) {
  constexpr base::Duration kUnit = std::chrono::seconds(5);
  return (span + kUnit - base::Duration(1)) / kUnit * kUnit;
}

std::string Seconds(base::Duration span) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

// "" when the timeout fits.
std::string AdviceFor(const HistoryDigest::Step& step, bool waits) {
  const std::string name = fmt::format("{} {}", step.test, step.step);
  if (step.limit <= base::Duration::zero()) return "";
  if (step.ran >= kRunsToRaise && step.longest * 10 > step.limit * 6)
    return fmt::format("{}: took up to {} of its {}: raise the timeout to {}", name,
                       base::FormatSpan(step.longest), Seconds(step.limit),
                       Seconds(Rounded(step.longest * 2)));
  const base::Duration enough = std::max(kLeastTimeout, Rounded(step.longest * 3));
  if (waits && step.ran >= kRunsToLower && step.limit >= kWorthLowering && enough * 3 < step.limit)
    return fmt::format(
        "{}: took at most {} in {} runs: {} instead of {} would tell of a failure {} earlier", name,
        base::FormatSpan(step.longest), step.ran, Seconds(enough), Seconds(step.limit),
        Seconds(step.limit - enough));
  return "";
}

// One step's passed runs, put together row by row.
class StepGroup {
 public:
  void Add(const Row& row) {
    const base::Duration took = std::chrono::milliseconds(row.Int(3));
    times_.push_back(took);
    step_.suite = row.Text(0);
    step_.test = row.Text(1);
    step_.step = row.Text(2);
    step_.limit = std::chrono::milliseconds(row.Int(4));
    waits_ = row.Int(5) > 0;
  }
  bool Is(const Row& row) const {
    return !times_.empty() && step_.suite == row.Text(0) && step_.test == row.Text(1) &&
           step_.step == row.Text(2);
  }
  void EndInto(HistoryDigest& digest) {
    if (times_.empty()) return;
    std::sort(times_.begin(), times_.end());
    step_.median = times_[times_.size() / 2];
    step_.longest = times_.back();
    step_.ran = static_cast<int>(times_.size());
    const std::string advice = AdviceFor(step_, waits_);
    if (!advice.empty() && digest.advice.size() < kMostAdvice) digest.advice.push_back(advice);
    digest.slowest.push_back(std::move(step_));
    *this = {};
  }

 private:
  HistoryDigest::Step step_;
  std::vector<base::Duration> times_;
  bool waits_ = false;
};

}  // namespace

base::Result<History> History::Open(const std::filesystem::path& path) {
  History history(TRY(sqlite::Database::Open(path, sqlite::Sharing::kShared)));
  TRY(history.Prepare(path));
  return history;
}

base::Result<> History::Prepare(const std::filesystem::path& path) {
  int64_t application = 0, version = 0, tables = 0;
  TRY(database_.Run("PRAGMA application_id", {},
                    [&](const Row& row) { application = row.Int(0); }));
  TRY(database_.Run("PRAGMA user_version", {}, [&](const Row& row) { version = row.Int(0); }));
  TRY(database_.Run("SELECT count(*) FROM sqlite_master", {},
                    [&](const Row& row) { tables = row.Int(0); }));
  if (tables > 0 && application != kApplication)
    return base::Fail(base::Code::kInvalid, "{} is a database of something else: name another file",
                      path.string());
  if (version > kVersion)
    return base::Fail(base::Code::kInvalid,
                      "{} was written by a newer seatrial (version {} of the format, this one "
                      "knows {}): name another file",
                      path.string(), version, kVersion);
  if (tables > 0) return base::Ok();
  TRY(database_.Run(fmt::format("PRAGMA application_id={}", kApplication)));
  TRY(database_.Run(fmt::format("PRAGMA user_version={}", kVersion)));
  for (const char* table : kTables) TRY(database_.Run(table));
  return base::Ok();
}

base::Result<> History::Add(const RunRecord& run) {
  TRY(database_.Run("BEGIN IMMEDIATE"));
  const auto inserted = Insert(run);
  if (inserted.ok()) return database_.Run("COMMIT");
  (void)database_.Run("ROLLBACK");  // the first error says more
  return inserted;
}

base::Result<> History::Insert(const RunRecord& run) {
  const Verdict verdict = run.ended ? run.ended->verdict : Verdict::kErrored;
  const int64_t took = run.ended ? Milliseconds(run.ended->took) : 0;
  TRY(
      database_.Run("INSERT INTO runs (run, name, server, began, took, verdict) VALUES "
                    "(?1, ?2, ?3, ?4, ?5, ?6)",
                    {run.started.run, run.started.name, run.started.server,
                     Milliseconds(run.begin.wall.time_since_epoch()), took, Letter(verdict)}));
  int64_t id = 0;
  TRY(database_.Run("SELECT last_insert_rowid()", {}, [&](const Row& row) { id = row.Int(0); }));
  for (const SuiteRecord& suite : run.suites)
    for (const TestRecord& test : suite.tests) TRY(InsertTest(id, test));
  return database_.Run("DELETE FROM runs WHERE id <= ?1", {id - kKeptRuns});
}

base::Result<> History::InsertTest(int64_t run, const TestRecord& test) {
  const trial::TestId& id = test.started.id;
  const int64_t took = test.ended ? Milliseconds(test.ended->took) : 0;
  TRY(database_.Run("INSERT INTO tests VALUES (?1, ?2, ?3, ?4, ?5)",
                    {run, id.suite, id.test, Letter(VerdictOf(test)), took}));
  for (const StepRecord& step : test.steps) {
    if (!step.ended || step.ended->verdict == Verdict::kSkipped) continue;
    TRY(database_.Run("INSERT INTO steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                      {run, id.suite, id.test, step.started.id.Text(), Letter(step.ended->verdict),
                       Milliseconds(step.ended->took), Milliseconds(step.started.timeout),
                       int64_t{step.started.assertions}}));
  }
  return base::Ok();
}

base::Result<HistoryDigest> History::Digest(int last) {
  HistoryDigest digest;
  int64_t oldest = 0;
  TRY(database_.Run("SELECT count(*), min(id) FROM (SELECT id FROM runs ORDER BY id DESC LIMIT ?1)",
                    {int64_t{last}}, [&](const Row& row) {
                      digest.runs = static_cast<int>(row.Int(0));
                      oldest = row.Int(1);
                    }));
  TRY(ReadTests(oldest, digest));
  TRY(ReadSteps(oldest, digest));
  return digest;
}

base::Result<> History::ReadTests(int64_t oldest, HistoryDigest& digest) {
  TRY(
      database_.Run("SELECT suite, test, verdict FROM tests WHERE run >= ?1 AND verdict != 'S' "
                    "ORDER BY suite, test, run",
                    {oldest}, [&](const Row& row) {
                      if (digest.tests.empty() || digest.tests.back().suite != row.Text(0) ||
                          digest.tests.back().test != row.Text(1))
                        digest.tests.push_back({row.Text(0), row.Text(1), 0, 0, false, ""});
                      HistoryDigest::Test& test = digest.tests.back();
                      ++test.ran;
                      if (row.Text(2) != "P") ++test.failed;
                      test.last += row.Text(2);
                    }));
  for (HistoryDigest::Test& test : digest.tests) CountFlips(test);
  std::stable_sort(digest.tests.begin(), digest.tests.end(),
                   [](const auto& one, const auto& other) { return one.failed > other.failed; });
  return base::Ok();
}

base::Result<> History::ReadSteps(int64_t oldest, HistoryDigest& digest) {
  StepGroup group;
  TRY(database_.Run(
      "SELECT suite, test, step, took, timeout, assertions FROM steps WHERE run >= ?1 AND "
      "verdict = 'P' AND step != 'setup' ORDER BY suite, test, step, run",
      {oldest}, [&](const Row& row) {
        if (!group.Is(row)) group.EndInto(digest);
        group.Add(row);
      }));
  group.EndInto(digest);
  std::stable_sort(digest.slowest.begin(), digest.slowest.end(),
                   [](const auto& one, const auto& other) { return one.median > other.median; });
  if (digest.slowest.size() > kSlowest) digest.slowest.resize(kSlowest);
  return base::Ok();
}

std::string FormatHistory(const HistoryDigest& digest) {
  std::string text = fmt::format("{} run{}, {} tests\n", digest.runs, digest.runs == 1 ? "" : "s",
                                 digest.tests.size());
  std::string failing;
  for (const auto& test : digest.tests) {
    if (test.failed == 0) break;
    failing += fmt::format("  {:>3} of {:<3} {:>4.0f} %  {}{}/{}  {}\n", test.failed, test.ran,
                           100.0 * test.failed / test.ran, test.flaky ? "flaky  " : "", test.suite,
                           test.test, test.last);
  }
  if (!failing.empty()) text += "\nfailed (newest run at the end):\n" + failing;
  if (!digest.slowest.empty()) text += "\nslowest steps (median, longest):\n";
  for (const auto& step : digest.slowest)
    text += fmt::format("  {:>9} {:>9}  {} {}\n", base::FormatSpan(step.median),
                        base::FormatSpan(step.longest), step.test, step.step);
  if (!digest.advice.empty()) text += "\ntimeouts:\n";
  for (const std::string& line : digest.advice) text += "  " + line + "\n";
  return Printable(text);
}

}  // namespace report
