#include "app/seatrial/run_reports.h"

#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "report/html_report.h"
#include "report/junit.h"

namespace app {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Fail;

constexpr int kRunsInHtml = 50;

bool IsGood(const report::RunRecord& run) {
  return run.ended && run.ended->verdict == trial::Verdict::kPassed;
}

std::string Plural(size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::shared_ptr<ReportFlags> AddReportFlags(CLI::App& command) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::Option* html = command.add_option(
      "--html", flags->html, "one HTML file with it all (default: beside the report of --report)");
  command.add_flag("--no-html", flags->no_html, "no HTML file beside the report")->excludes(html);
  command.add_option("--events", flags->events,
                     "file for the run's events as JSON lines while it runs; -: stdout");
  command.add_option("--history", flags->history,
                     "SQLite file that keeps verdicts and times of runs (see `history`)");
  command.add_option("--repeat", flags->repeat, "run the suite so often")
      ->check(CLI::PositiveNumber);
  command.add_flag("--until-fail", flags->until_fail,
                   "run the suite again until a run fails (with --repeat: at most so often)");
  return flags;
}

RunReports::RunReports(const trial::SuiteConfig& config, const ReportFlags& flags)
    : config_(config), flags_(flags), html_file_(flags.html) {
  const bool beside = config.report_format != trial::ReportFormat::kNone && !flags.no_html;
  if (html_file_.empty() && beside)
    html_file_ = (fs::path(config.artifacts_dir) / (config.report_name + ".html")).string();
}

base::Result<std::unique_ptr<RunReports>> RunReports::Open(const trial::SuiteConfig& config,
                                                           const ReportFlags& flags) {
  auto reports = std::unique_ptr<RunReports>(new RunReports(config, flags));
  if (flags.events == "-") {
    reports->stream_ = std::make_unique<report::EventStream>(std::cout, "on stdout");
  } else if (!flags.events.empty()) {
    reports->events_file_ = std::make_unique<std::ofstream>(flags.events, std::ios::binary);
    if (!*reports->events_file_)
      return Fail(Code::kInvalid, "--events {}: the file cannot be opened for writing",
                  flags.events);
    reports->stream_ = std::make_unique<report::EventStream>(*reports->events_file_, flags.events);
  }
  if (!flags.history.empty()) reports->history_ = TRY(report::History::Open(flags.history));
  return reports;
}

std::vector<trial::Listener*> RunReports::Begin() {
  recorder_ = std::make_unique<report::Recorder>();
  timeline_ = std::make_unique<report::Timeline>();
  std::vector<trial::Listener*> listeners = {recorder_.get()};
  if (!html_file_.empty()) listeners.push_back(timeline_.get());
  if (stream_) listeners.push_back(stream_.get());
  return listeners;
}

base::Result<> RunReports::Finish(std::ostream& out) {
  std::optional<report::HistoryDigest> digest;
  if (history_) {
    TRY(history_->Add(record()));
    digest = TRY(history_->Digest(kRunsInHtml));
  }
  if (!bad_one_written_) {
    TRY(WriteReport(out));
    TRY(WriteHtml(digest ? &*digest : nullptr, out));
    bad_one_written_ = !IsGood(record());
  }
  return stream_ ? stream_->Check() : base::Ok();
}

std::string RunReports::ReportFile() const {
  if (config_.report_format == trial::ReportFormat::kNone) return "";
  const char* extension = config_.report_format == trial::ReportFormat::kXml ? ".xml" : ".json";
  return (fs::path(config_.artifacts_dir) / (config_.report_name + extension)).string();
}

std::vector<std::string> RunReports::files() const {
  std::vector<std::string> files = {ReportFile(), html_file_, flags_.history};
  if (flags_.events != "-") files.push_back(flags_.events);
  std::erase(files, "");
  return files;
}

base::Result<> RunReports::WriteReport(std::ostream& out) const {
  if (config_.report_format == trial::ReportFormat::kNone) return base::Ok();
  const bool xml = config_.report_format == trial::ReportFormat::kXml;
  const auto granularity = config_.granularity == trial::Granularity::kTest
                               ? report::Granularity::kTest
                               : report::Granularity::kStep;
  const report::SuiteResult results = report::MakeResults(record(), granularity);
  TRY(report::WriteReport(ReportFile(),
                          xml ? report::FormatJUnit(results) : report::FormatJson(results)));
  fmt::print(out, "report: {}\n", ReportFile());
  return base::Ok();
}

base::Result<> RunReports::WriteHtml(const report::HistoryDigest* digest, std::ostream& out) const {
  if (html_file_.empty()) return base::Ok();
  const report::HtmlSources sources{record(), *timeline_, digest, html_file_};
  TRY(report::WriteReport(html_file_, report::FormatHtml(sources)));
  fmt::print(out, "report: {}\n", html_file_);
  return base::Ok();
}

std::string Repetitions::Title() const {
  return flags_.repeat > 0 ? fmt::format("run {} of {}", number_, flags_.repeat)
                           : fmt::format("run {}", number_);
}

bool Repetitions::Another(const report::RunRecord& run) {
  const bool good = IsGood(run);
  if (good) ++good_;
  if (run.ended) verdict_ = Worse(verdict_, run.ended->verdict);
  for (const report::SuiteRecord& suite : run.suites) {
    for (const report::TestRecord& test : suite.tests) {
      const trial::Verdict verdict = VerdictOf(test);
      if (verdict == trial::Verdict::kSkipped) continue;
      Test& known = tests_[test.started.id];
      ++known.ran;
      if (verdict != trial::Verdict::kPassed) known.bad.push_back(number_);
    }
  }
  const bool interrupted = !run.ended || run.ended->interrupted;
  if (interrupted || (flags_.until_fail && !good)) return false;
  const bool limited = flags_.repeat > 0 || !flags_.until_fail;
  if (limited && number_ >= std::max(flags_.repeat, 1)) return false;
  ++number_;
  return true;
}

std::string Repetitions::Summary() const {
  std::string text;
  for (const auto& [id, test] : tests_) {
    if (test.bad.empty()) continue;
    std::vector<std::string> numbers;
    for (const int number : test.bad) numbers.push_back(std::to_string(number));
    text += fmt::format("  {}/{} did not pass in {} of {} (run {})\n", id.suite, id.test,
                        test.bad.size(), Plural(static_cast<size_t>(test.ran), "run"),
                        fmt::join(numbers, ", "));
  }
  return text + fmt::format("{}: {} passed, {} did not\n",
                            Plural(static_cast<size_t>(number_), "run"), good_, number_ - good_);
}

}  // namespace app
