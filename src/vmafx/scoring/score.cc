#include "vmafx/scoring/score.h"

#include <algorithm>
#include <cmath>

#include "vmafx/scoring/engine.h"
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

// One scoring under way.
class Run {
 public:
  Run(const ScoreRequest& request, VideoPair& pair, Engine& engine)
      : request_(request), pair_(pair), engine_(engine) {}

  base::Result<std::vector<FrameScore>> ScoreAll(const base::Until& until) {
    while (true) {
      Engine::Pair into = TRY(engine_.NextPair());
      if (!TRY(pair_.Next(into.reference, into.distorted, until))) break;
      TRY(engine_.Push());
      TRY(TakeScores());
    }
    TRY(engine_.Flush());
    TRY(TakeScores());
    return std::move(frames_);
  }

 private:
  base::Result<> TakeScores() {
    while (auto score = TRY(engine_.TakeScore())) {
      frames_.push_back(*std::move(score));
      if (request_.on_frame) {
        request_.on_frame(frames_.back(), Progress{frames_.size(), pair_.expected_frames()});
      }
    }
    return base::Ok();
  }

  const ScoreRequest& request_;
  VideoPair& pair_;
  Engine& engine_;
  std::vector<FrameScore> frames_;
};

}  // namespace

base::Result<ScoreReport> Score(const ScoreRequest& request, const base::Until& until) {
  base::Instant begin = until.clock().Now();
  VideoPair pair = TRY(VideoPair::Open(request, until));
  Engine engine = TRY(Engine::Make(request.model, request.threads, pair.geometry()));

  ScoreReport report;
  report.frames = TRY(Run(request, pair, engine).ScoreAll(until));
  report.vmaf = TRY(engine.Pool());
  AddPercentiles(report.frames, report.vmaf);
  report.feature_names = engine.feature_names();
  report.feature_means = FeatureMeans(report);
  report.geometry = pair.geometry();
  report.provenance.engine_version = Engine::Version();
  report.provenance.model = request.model;
  report.provenance.frames_scored = report.frames.size();
  report.elapsed = until.clock().Now() - begin;
  return report;
}

}  // namespace vmafx::scoring
