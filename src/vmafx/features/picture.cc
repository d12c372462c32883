#include "vmafx/features/picture.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vmafx/features/lanes.h"

namespace vmafx::features {

void Picture::Resize(size_t new_width, size_t new_height) {
  width = new_width;
  height = new_height;
  samples.resize(width * height);
}

void ReadRow(const Plane& plane, size_t y, float* into) {
  const uint8_t* row = plane.data + y * plane.stride;
  if (plane.bit_depth <= 8) {
    size_t x = 0;
    using Bytes = uint8_t __attribute__((vector_size(4)));
    for (; x + kLanes <= plane.width; x += kLanes) {
      Bytes bytes;
      std::memcpy(&bytes, row + x, sizeof bytes);
      const Lanes samples = __builtin_convertvector(bytes, Lanes) - 128.0F;
      std::memcpy(into + x, &samples, sizeof samples);
    }
    for (; x < plane.width; ++x) into[x] = static_cast<float>(row[x]) - 128.0F;
    return;
  }
  const float scale = 1.0F / static_cast<float>(1U << (plane.bit_depth - 8));
  for (size_t x = 0; x < plane.width; ++x) {
    const auto sample = static_cast<uint16_t>(row[2 * x] | (row[2 * x + 1] << 8));
    into[x] = static_cast<float>(sample) * scale - 128.0F;
  }
}

void HalveRows(const float* rows, size_t width, size_t count, float* into) {
  const float* below = count > 1 ? rows + width : rows;
  const size_t pairs = width / 2;
  for (size_t x = 0; x < pairs; ++x) {
    into[x] = 0.25F * (rows[2 * x] + rows[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
  }
  if (width % 2 == 1) into[pairs] = 0.5F * (rows[width - 1] + below[width - 1]);
}

double MeanDifference(const Picture& a, const Picture& b) {
  double sum = 0;
  const size_t count = std::min(a.samples.size(), b.samples.size());
  for (size_t i = 0; i < count; ++i) {
    sum += std::fabs(static_cast<double>(a.samples[i]) - static_cast<double>(b.samples[i]));
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

}  // namespace vmafx::features
