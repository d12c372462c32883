#include "app/seatrial/load_failure.h"

#include <filesystem>

#include "report/junit.h"
#include "report/record.h"
#include "trial/steps/context.h"

namespace app {

base::Result<> ReportLoadFailure(const trial::SuiteConfig& config,
                                 const std::vector<value::Problem>& problems) {
  if (config.report_format == trial::ReportFormat::kNone) return base::Ok();
  report::RunRecord record;
  record.started.name = config.name;
  trial::RunEnded end;
  end.verdict = trial::Verdict::kErrored;
  for (const value::Problem& problem : problems)
    if (!problem.warning)
      end.failures.push_back(trial::FailureAt({problem.file, problem.mark}, problem.message));
  record.ended = std::move(end);
  const bool xml = config.report_format == trial::ReportFormat::kXml;
  const auto path =
      std::filesystem::path(config.artifacts_dir) / (config.report_name + (xml ? ".xml" : ".json"));
  const auto results = report::MakeResults(record, config.granularity == trial::Granularity::kTest
                                                       ? report::Granularity::kTest
                                                       : report::Granularity::kStep);
  return report::WriteReport(path.string(),
                             xml ? report::FormatJUnit(results) : report::FormatJson(results));
}

}  // namespace app
