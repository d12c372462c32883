#pragma once

// The files that a run writes: report, HTML page, event stream, history; and running a suite again
// and again.

#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/seatrial/commands.h"
#include "report/event_stream.h"
#include "report/history.h"
#include "report/record.h"
#include "report/timeline.h"
#include "trial/suite.h"

namespace app {

struct ReportFlags {
  std::string html;  // file; "": beside the report, where one is asked for
  bool no_html = false;
  std::string events;   // file, or "-" for stdout; "": none
  std::string history;  // file; "": none
  int repeat = 0;       // how often; 0: once, or with until_fail without limit
  bool until_fail = false;
};

std::shared_ptr<ReportFlags> AddReportFlags(CLI::App& command);

// The listeners of one run after the other, and the files that they fill.
class RunReports {
 public:
  // Opens what must be there from the start. The error of a file that cannot be written. `config`
  // and `flags` must outlive it.
  static base::Result<std::unique_ptr<RunReports>> Open(const trial::SuiteConfig& config,
                                                        const ReportFlags& flags);

  // Fresh ones for the next run; they live until the next call.
  std::vector<trial::Listener*> Begin();
  // Does a report want a timeline?
  bool look() const { return !html_file_.empty() || stream_ != nullptr; }
  // All that Finish and the listeners write, besides artifacts.
  std::vector<std::string> files() const;
  const report::RunRecord& record() const { return recorder_->record(); }

  // Writes the files of the run that has ended, and says on `out` where. Of repeated runs the first
  // that is not good stays; while all are good, the newest.
  base::Result<> Finish(std::ostream& out);

 private:
  RunReports(const trial::SuiteConfig& config, const ReportFlags& flags);
  std::string ReportFile() const;  // "": none
  base::Result<> WriteReport(std::ostream& out) const;
  base::Result<> WriteHtml(const report::HistoryDigest* digest, std::ostream& out) const;

  const trial::SuiteConfig& config_;
  const ReportFlags& flags_;
  std::string html_file_;  // "": none
  std::unique_ptr<std::ofstream> events_file_;
  std::unique_ptr<report::EventStream> stream_;
  std::optional<report::History> history_;
  std::unique_ptr<report::Recorder> recorder_;
  std::unique_ptr<report::Timeline> timeline_;
  bool bad_one_written_ = false;
};

// Counts the runs of --repeat and --until-fail.
class Repetitions {
 public:
  explicit Repetitions(const ReportFlags& flags) : flags_(flags) {}

  bool repeats() const { return flags_.repeat > 1 || flags_.until_fail; }
  int number() const { return number_; }  // of the run that comes next or is running, from 1
  // "run 2 of 10".
  std::string Title() const;

  // Takes the run that has ended. True when there has to be another one.
  bool Another(const report::RunRecord& run);
  trial::Verdict verdict() const { return verdict_; }
  // Which tests did not pass in which runs, and how many runs were good.
  std::string Summary() const;

 private:
  struct Test {
    int ran = 0;
    std::vector<int> bad;  // numbers of runs
  };
  const ReportFlags& flags_;
  int number_ = 1;
  int good_ = 0;
  trial::Verdict verdict_ = trial::Verdict::kPassed;
  std::map<trial::TestId, Test> tests_;
};

}  // namespace app
