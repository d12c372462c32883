#include "vmafx/trainer/testing/samples.h"

#include <algorithm>
#include <cmath>

#include "vmafx/trainer/prior.h"

namespace vmafx::trainer {

std::vector<Sample> MakeSamples(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-52 - 1; };
  std::vector<Sample> samples;
  for (size_t i = 0; i < count; ++i) {
    // A hidden quality moves most features, as a real distortion does; the content moves the rest.
    const double quality = uniform();
    const double content = uniform();
    Sample sample;
    size_t index = 0;
    for (const FeaturePrior& prior : FeaturePriors()) {
      const double sign = index % 3 == 0 ? -1 : 1;
      const double share = 0.3 + 0.5 * static_cast<double>(index % 5) / 5;
      const double value = sign * share * 1.5 * quality + (1 - share) * content + 0.2 * uniform();
      sample.features.push_back(prior.mean + prior.scale * value);
      ++index;
    }
    sample.score = std::clamp(55 + 40 * std::tanh(1.2 * quality) + 6 * content, 0.0, 100.0);
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace vmafx::trainer
