#include "vmafx/scoring/score.h"

#include <algorithm>
#include <cmath>

#include "vmafx/scoring/engine.h"
#include "vmafx/scoring/model_digest.h"
#include "vmafx/scoring/pair.h"
#include "vmafx/scoring/reader.h"

namespace vmafx::scoring {
namespace {

// As libvmaf and most statistics programs do it: between the two nearest ranks, linearly.
double Percentile(const std::vector<double>& sorted, double percent) {
  double rank = percent / 100 * static_cast<double>(sorted.size() - 1);
  size_t below = static_cast<size_t>(std::floor(rank));
  size_t above = std::min(below + 1, sorted.size() - 1);
  double share = rank - std::floor(rank);
  return sorted[below] * (1 - share) + sorted[above] * share;
}

void AddPercentiles(const std::vector<FrameScore>& frames, Pooled& pooled) {
  std::vector<double> sorted;
  sorted.reserve(frames.size());
  for (const FrameScore& frame : frames) sorted.push_back(frame.vmaf);
  std::sort(sorted.begin(), sorted.end());
  pooled.p1 = Percentile(sorted, 1);
  pooled.p5 = Percentile(sorted, 5);
}

std::vector<double> FeatureMeans(const ScoreReport& report) {
  std::vector<double> means(report.feature_names.size());
  for (const FrameScore& frame : report.frames) {
    for (size_t i = 0; i < means.size(); ++i) means[i] += frame.features[i];
  }
  for (double& mean : means) mean /= static_cast<double>(report.frames.size());
  return means;
}

Luma LumaOf(const FrameTarget& frame, const Geometry& geometry) {
  const PlaneTarget& plane = frame[0];
  return Luma{plane.data, plane.stride, plane.width, plane.height, geometry.pixel_format.bit_depth};
}

base::Result<> PushAll(VideoPair& pair, Engine& engine, const ScoreRequest& request,
                       const base::Until& until) {
  for (uint64_t done = 1;; ++done) {
    Engine::Pair into = TRY(engine.NextPair());
    if (!TRY(pair.Next(into.reference, into.distorted, until))) return base::Ok();
    if (request.on_frame) {
      request.on_frame(done - 1, LumaOf(into.reference, pair.geometry()),
                       LumaOf(into.distorted, pair.geometry()));
    }
    TRY(engine.Push());
    if (request.on_progress) {
      request.on_progress(Progress{done, pair.expected_frames(), engine.ScoresSoFar()});
    }
  }
}

}  // namespace

base::Result<ScoreReport> Score(const ScoreRequest& request, const base::Until& until) {
  base::Instant begin = until.clock().Now();
  VideoPair pair = TRY(VideoPair::Open(request, until));
  Engine engine = TRY(Engine::Make(request.model, request.threads, pair.geometry()));

  ScoreReport report;
  TRY(PushAll(pair, engine, request, until));
  Engine::Scores scores = TRY(engine.Finish());
  report.frames = std::move(scores.frames);
  report.vmaf = scores.pooled;
  AddPercentiles(report.frames, report.vmaf);
  report.feature_names = std::move(scores.feature_names);
  report.feature_means = FeatureMeans(report);
  report.geometry = pair.geometry();
  report.provenance.engine_version = Engine::Version();
  report.provenance.model = request.model;
  report.provenance.model_sha256 = ModelDigest(request.model);
  report.provenance.frames_scored = report.frames.size();
  report.elapsed = until.clock().Now() - begin;
  return report;
}

}  // namespace vmafx::scoring
