#pragma once

#include <cstdint>
#include <vector>

#include "vmafx/features/features.h"

namespace vmafx::features {

// Luma in 8-bit units around zero (-128 to 127), whatever the bit depth was: sums of squares in
// float then keep enough digits.
struct Picture {
  size_t width = 0;
  size_t height = 0;
  std::vector<float> samples;  // row by row

  void Resize(size_t new_width, size_t new_height);
  const float* Row(size_t y) const { return samples.data() + y * width; }
  float* Row(size_t y) { return samples.data() + y * width; }
};

// Row `y` of `plane` as of Picture.
void ReadRow(const Plane& plane, size_t y, float* into);

// Half of a size, rounded up: an odd last row or column is averaged by itself.
inline size_t Half(size_t size) {
  return (size + 1) / 2;
}

// The mean of each 2x2 of the (one or two) rows that start at `rows`.
void HalveRows(const float* rows, size_t width, size_t count, float* into);

// The mean of |a - b|; 0 for pictures without samples.
double MeanDifference(const Picture& a, const Picture& b);

}  // namespace vmafx::features
