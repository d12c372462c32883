#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "app/bench-trainer/clips.h"
#include "base/clock.h"
#include "base/result.h"

namespace bench {

// Draws that are the same on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t Whole() { return engine_(); }
  double In(double least, double most) {
    return least + (most - least) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  // About normal: the sum of twelve.
  double Normal() {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += In(0, 1);
    return sum;
  }

 private:
  std::mt19937_64 engine_;
};

uint8_t ToSample(double value);

struct Distorted {
  std::string name;
  Clip clip;
};

// One or two distortions, drawn from `random`.
base::Result<Distorted> Distort(const Clip& clip, Random& random, const std::string& ffmpeg,
                                const base::Until& until);

}  // namespace bench
