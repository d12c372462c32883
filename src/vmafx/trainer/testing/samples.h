#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "vmafx/trainer/learner.h"

namespace vmafx::trainer {

// Samples with features like real ones and a smooth true score from 0 to 100; the same for the same
// `seed`.
std::vector<Sample> MakeSamples(size_t count, uint64_t seed);

}  // namespace vmafx::trainer
