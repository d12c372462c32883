#pragma once

// What earlier runs say about a suite: how often each test failed, which steps are slow, which
// timeouts fit. Kept in one SQLite file that runs append to.

#include <filesystem>
#include <string>
#include <vector>

#include "report/record.h"
#include "sqlite/database.h"

namespace report {

// Of the newest runs.
struct HistoryDigest {
  struct Test {
    std::string suite;
    std::string test;
    int ran = 0;         // runs in which it was not skipped
    int failed = 0;      // of these, failed or errored
    bool flaky = false;  // it went from passed to failed and back, or the other way round
    std::string last;    // a letter for each of these runs, newest last: P F E
  };
  struct Step {
    std::string suite;
    std::string test;
    std::string step;
    base::Duration median{};  // of those that passed
    base::Duration longest{};
    base::Duration limit{};  // its timeout in the newest run
    int ran = 0;
  };
  int runs = 0;
  std::vector<Test> tests;          // those that failed most first
  std::vector<Step> slowest;        // by median, at most ten
  std::vector<std::string> advice;  // about timeouts, one line each
};

// One file, used by one thread; several processes may append to the same file.
class History {
 public:
  // Makes the file where it is missing. kInvalid: it is something else's database, or a newer
  // version's; kUnavailable: it cannot be opened or written.
  static base::Result<History> Open(const std::filesystem::path& path);

  // Appends a run, whole or not at all; the oldest beyond some hundreds are forgotten. Waits some
  // seconds for another process that writes.
  base::Result<> Add(const RunRecord& run);

  // Of the newest `last` runs.
  base::Result<HistoryDigest> Digest(int last);

 private:
  explicit History(sqlite::Database database) : database_(std::move(database)) {}
  base::Result<> Prepare(const std::filesystem::path& path);
  base::Result<> Insert(const RunRecord& run);
  base::Result<> InsertTest(int64_t run, const TestRecord& test);
  base::Result<> ReadTests(int64_t oldest, HistoryDigest& digest);
  base::Result<> ReadSteps(int64_t oldest, HistoryDigest& digest);

  sqlite::Database database_;
};

// The digest as `seatrial history` prints it.
std::string FormatHistory(const HistoryDigest& digest);

}  // namespace report
