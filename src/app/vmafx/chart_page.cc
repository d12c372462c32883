#include "app/vmafx/chart_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "sys/files.h"

namespace app {

namespace client = vmafx::client;
namespace rpc = vmafx::controller::v1;
namespace scoring = vmafx::scoring;

namespace {

// VMAF is a number of 0 to 100; below the lowest tens nothing would be drawn.
std::pair<double, double> VmafRange(const std::vector<double>& scores) {
  const double least = scores.empty() ? 0 : *std::ranges::min_element(scores);
  return {least >= 60 ? 60 : 0, 100};
}

std::string Number(double value) {
  return fmt::format("{:.6f}", value);
}

}  // namespace

client::Chart ChartOf(const scoring::ScoreReport& report, const std::string& reference,
                      const std::string& distorted) {
  client::Chart chart;
  chart.title = fmt::format("VMAF {:.2f}: {}", report.vmaf.mean, distorted);
  chart.facts = {
      {"reference", reference},
      {"distorted", distorted},
      {"mean", Number(report.vmaf.mean)},
      {"harmonic mean", Number(report.vmaf.harmonic_mean)},
      {"lowest frame", Number(report.vmaf.min)},
      {"1st percentile", Number(report.vmaf.p1)},
      {"5th percentile", Number(report.vmaf.p5)},
      {"video",
       fmt::format("{} frames of {}", report.frames.size(), scoring::ToString(report.geometry))},
      {"scored by", fmt::format("{} {}, model {}, on {}", report.provenance.engine,
                                report.provenance.engine_version, report.provenance.model,
                                report.provenance.backend_used)}};
  client::ChartSeries scores{.name = "VMAF", .values = {}, .range = {}};
  std::vector<client::ChartSeries> features;
  for (const std::string& name : report.feature_names) features.push_back({name, {}, {}});
  for (const scoring::FrameScore& frame : report.frames) {
    scores.values.push_back(frame.vmaf);
    for (size_t i = 0; i < features.size() && i < frame.features.size(); ++i) {
      features[i].values.push_back(frame.features[i]);
    }
  }
  scores.range = VmafRange(scores.values);
  chart.series.push_back(std::move(scores));
  std::ranges::move(features, std::back_inserter(chart.series));
  return chart;
}

client::Chart ChartOf(const rpc::Job& job) {
  client::Chart chart;
  const auto& pooled = job.pooled();
  const auto& provenance = job.provenance();
  chart.title = fmt::format("VMAF {:.2f}: {}", job.final_score(), job.scoring().distorted());
  chart.facts = {{"job", job.id()},
                 {"reference", job.scoring().reference()},
                 {"distorted", job.scoring().distorted()},
                 {"mean", Number(job.final_score())},
                 {"harmonic mean", Number(pooled.harmonic_mean())},
                 {"lowest frame", Number(pooled.min())},
                 {"1st percentile", Number(pooled.p1())},
                 {"5th percentile", Number(pooled.p5())},
                 {"frames", std::to_string(pooled.frames())},
                 {"scored by", fmt::format("{}, {}, model {}, on {} ({})", provenance.engine(),
                                           provenance.library(), provenance.model(),
                                           provenance.backend_used(), job.assigned_node())}};
  const std::vector<double> scores(job.partial_results().begin(), job.partial_results().end());
  chart.series.push_back({.name = "VMAF", .values = scores, .range = VmafRange(scores)});
  for (const auto& series : job.series()) {
    chart.series.push_back({.name = series.name(),
                            .values = {series.values().begin(), series.values().end()},
                            .range = {}});
  }
  return chart;
}

base::Result<> WritePage(const std::string& path, const client::Chart& chart) {
  return sys::WriteFileAtomically(path, client::RenderChart(chart)).During("--html");
}

}  // namespace app
