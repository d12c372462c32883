#include "vmafx/trainer/gate.h"

#include <algorithm>
#include <cmath>

namespace vmafx::trainer {
namespace {

constexpr double kOutlierPoints = 10;
constexpr double kOutlierDeviations = 3;

struct Compared {
  size_t samples = 0;
  double spread = 0;  // standard deviation of the true scores
  double candidate = 0;
  double last = 0;
  bool finite = true;

  bool SaysMuch() const { return samples >= kLeastHeldOut && spread >= kLeastSpread; }
};

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Compared Compare(const Student& candidate, const Student& last, std::span<const Sample> samples) {
  std::vector<double> truth, by_candidate, by_last;
  Compared compared{.samples = samples.size()};
  for (const Sample& sample : samples) {
    truth.push_back(sample.score);
    by_candidate.push_back(candidate.Predict(sample.features));
    by_last.push_back(last.Predict(sample.features));
    compared.finite = compared.finite && std::isfinite(by_candidate.back());
  }
  if (!compared.finite) return compared;
  const double mean = Mean(truth);
  for (const double score : truth) compared.spread += (score - mean) * (score - mean);
  if (!truth.empty()) {
    compared.spread = std::sqrt(compared.spread / static_cast<double>(truth.size()));
  }
  compared.candidate = Plcc(by_candidate, truth);
  compared.last = Plcc(by_last, truth);
  return compared;
}

bool Worse(const Compared& compared) {
  return compared.candidate < compared.last - kTolerance;
}

}  // namespace

double Plcc(std::span<const double> a, std::span<const double> b) {
  CHECK(a.size() == b.size());
  const double mean_a = Mean(a);
  const double mean_b = Mean(b);
  double both = 0, alone_a = 0, alone_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - mean_a) * (b[i] - mean_b);
    alone_a += (a[i] - mean_a) * (a[i] - mean_a);
    alone_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const double scale = std::sqrt(alone_a) * std::sqrt(alone_b);
  if (!(scale > 1e-12)) return 0;
  return std::clamp(both / scale, -1.0, 1.0);
}

std::string_view ToString(GateResult result) {
  switch (result) {
    case GateResult::kPassed:
      return "Passed";
    case GateResult::kNotEnoughSamples:
      return "NotEnoughSamples";
    case GateResult::kRejected:
      return "Rejected";
  }
  CHECK(false);
}

Verdict Judge(const Student& candidate, const Student& last, std::span<const Sample> held_out,
              size_t known) {
  const Compared all = Compare(candidate, last, held_out);
  const Compared before = Compare(candidate, last, held_out.first(std::min(known, all.samples)));
  Verdict verdict{.samples = all.samples, .plcc = all.candidate, .last_plcc = all.last};
  if (!candidate.Finite() || !all.finite) {
    verdict.result = GateResult::kRejected;
    verdict.reason = "the model gives numbers that are not finite";
  } else if (!all.SaysMuch()) {
    verdict.reason =
        fmt::format("{} held-out samples whose scores deviate by {:.1f}: want {} and {:.1f}",
                    all.samples, all.spread, kLeastHeldOut, kLeastSpread);
  } else if (before.SaysMuch() && Worse(before)) {
    verdict.result = GateResult::kRejected;
    verdict.plcc = before.candidate;
    verdict.last_plcc = before.last;
    verdict.reason = fmt::format(
        "PLCC {:.4f} after {:.4f} on the {} held-out samples that the last stable model was "
        "judged by",
        before.candidate, before.last, before.samples);
  } else if (Worse(all)) {
    verdict.result = GateResult::kRejected;
    verdict.reason = fmt::format("PLCC {:.4f} after {:.4f} on {} held-out samples", all.candidate,
                                 all.last, all.samples);
  } else {
    verdict.result = GateResult::kPassed;
    verdict.reason = fmt::format("PLCC {:.4f}, the last model's {:.4f}, on {} held-out samples",
                                 all.candidate, all.last, all.samples);
  }
  return verdict;
}

std::vector<bool> FindOutliers(const Student& last, std::span<const Sample> held_out, size_t known,
                               std::span<const Sample> recent) {
  const std::span<const Sample> trusted = held_out.first(std::min(known, held_out.size()));
  if (trusted.size() < kLeastHeldOut) return std::vector<bool>(recent.size());
  double squares = 0;
  for (const Sample& sample : trusted) {
    squares += std::pow(last.Predict(sample.features) - sample.score, 2);
  }
  const double usual = std::sqrt(squares / static_cast<double>(trusted.size()));
  const double limit = std::max(kOutlierPoints, kOutlierDeviations * usual);
  std::vector<bool> outliers;
  for (const Sample& sample : recent) {
    outliers.push_back(std::fabs(last.Predict(sample.features) - sample.score) > limit);
  }
  return outliers;
}

}  // namespace vmafx::trainer
