#pragma once

#include <span>

namespace vmafx::trainer {

// What is known of a feature before the first sample: its usual mean and scale over varied content
// and distortion, and by how much a score rises with it in the model that a trainer starts from.
struct FeaturePrior {
  double mean;
  double scale;
  double slope;
};

// One for each of features::Names(), in its order.
std::span<const FeaturePrior> FeaturePriors();

// The same of the score; `slope` is the score where all features are zero.
inline constexpr FeaturePrior kScorePrior = {55, 30, -58};

}  // namespace vmafx::trainer
