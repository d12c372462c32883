#include "vmafx/features/level.h"

#include <algorithm>
#include <cmath>

namespace vmafx::features {
namespace {

// Of the eye (VIF) and of the similarity's two terms, for 8-bit samples.
constexpr double kVisualNoise = 2.0;
constexpr double kBrightnessConstant = 6.5025;  // (0.01 * 255)^2
constexpr double kStructureConstant = 58.5225;  // (0.03 * 255)^2
constexpr double kLittle = 1e-3;
constexpr size_t kCodecBlock = 8;

}  // namespace

void Level::AddStrip(const float* reference, const float* distorted, size_t width, size_t rows) {
  for (size_t y = 0; y < rows; y += block_) {
    for (size_t x = 0; x < width; x += block_) {
      AddBlock(reference + y * width + x, distorted + y * width + x, width,
               std::min(block_, width - x), std::min(block_, rows - y));
    }
  }
  AddEdges(reference, distorted, width, rows);
  AddJumps(reference, distorted, width, rows);
}

void Level::AddBlock(const float* reference, const float* distorted, size_t stride, size_t width,
                     size_t rows) {
  float sum_r = 0, sum_d = 0, sum_rr = 0, sum_dd = 0, sum_rd = 0;
  for (size_t y = 0; y < rows; ++y) {
    const float* row_r = reference + y * stride;
    const float* row_d = distorted + y * stride;
    for (size_t x = 0; x < width; ++x) {
      const float r = row_r[x];
      const float d = row_d[x];
      sum_r += r;
      sum_d += d;
      sum_rr += r * r;
      sum_dd += d * d;
      sum_rd += r * d;
    }
  }
  const double count = static_cast<double>(width * rows);
  const double mean_r = sum_r / count;
  const double mean_d = sum_d / count;
  const double var_r = std::max(0.0, sum_rr / count - mean_r * mean_r);
  const double var_d = std::max(0.0, sum_dd / count - mean_d * mean_d);
  const double limit = std::sqrt(var_r * var_d);
  const double cov = std::clamp(sum_rd / count - mean_r * mean_d, -limit, limit);

  const double gain = std::max(0.0, cov / (var_r + kLittle));
  const double noise = std::max(0.0, var_d - gain * cov);
  kept_information_ += std::log2(1 + gain * gain * var_r / (noise + kVisualNoise));
  information_ += std::log2(1 + var_r / kVisualNoise);

  const double light_r = mean_r + 128;
  const double light_d = mean_d + 128;
  const double brightness = (2 * light_r * light_d + kBrightnessConstant) /
                            (light_r * light_r + light_d * light_d + kBrightnessConstant);
  const double structure = (2 * cov + kStructureConstant) / (var_r + var_d + kStructureConstant);
  similarity_ += brightness * structure;
  const double bin = std::clamp((structure + 1) / 2, 0.0, 1.0) * (kBins - 1);
  structure_bins_[static_cast<size_t>(bin)] += 1;

  blocks_ += 1;
  samples_ += count;
  reference_variance_ += var_r * count;
  distorted_variance_ += var_d * count;
  covariance_ += cov * count;
  brightness_ += std::fabs(mean_d - mean_r) * count;
  square_error_ += std::max(0.0, static_cast<double>(sum_rr) - 2.0 * sum_rd + sum_dd);
}

inline void Level::AddEdge(float reference, float distorted) {
  const float strength = std::fabs(reference);
  // What is left of the edge: nothing when it turned round, at most all of it.
  const float kept = reference * distorted <= 0 ? 0 : std::min(strength, std::fabs(distorted));
  const float sign = reference < 0 ? -1.0F : 1.0F;
  kept_edges_cubed_ += static_cast<double>(kept * kept * kept);
  edges_cubed_ += static_cast<double>(strength * strength * strength);
  added_ += static_cast<double>(std::fabs(distorted - sign * kept));
}

void Level::AddEdges(const float* reference, const float* distorted, size_t width, size_t rows) {
  for (size_t y = 0; y < rows; ++y) {
    const float* r = reference + y * width;
    const float* d = distorted + y * width;
    for (size_t x = 0; x + 1 < width; ++x) AddEdge(r[x + 1] - r[x], d[x + 1] - d[x]);
    if (y + 1 == rows) break;
    for (size_t x = 0; x < width; ++x) AddEdge(r[x + width] - r[x], d[x + width] - d[x]);
  }
  edges_ += static_cast<double>(rows * (width - 1) + (rows - 1) * width);
}

void Level::AddJumps(const float* reference, const float* distorted, size_t width, size_t rows) {
  for (size_t y = 0; y < rows; ++y) {
    const float* r = reference + y * width;
    const float* d = distorted + y * width;
    for (size_t x = 0; x + 1 < width; ++x) {
      const double jump_r = std::fabs(r[x + 1] - r[x]);
      const double jump_d = std::fabs(d[x + 1] - d[x]);
      const bool column = x % kCodecBlock == kCodecBlock - 1;
      (column ? reference_jumps_.at_columns : reference_jumps_.elsewhere) += jump_r;
      (column ? distorted_jumps_.at_columns : distorted_jumps_.elsewhere) += jump_d;
      (column ? jumps_at_columns_ : jumps_elsewhere_) += 1;
    }
  }
}

double Level::Jumps::Excess(double columns, double others) const {
  if (columns == 0 || others == 0) return 0;
  return std::log((at_columns / columns + 1) / (elsewhere / others + 1));
}

double Level::Information() const {
  return (kept_information_ + kLittle) / (information_ + kLittle);
}

double Level::Similarity() const {
  return blocks_ == 0 ? 1 : similarity_ / blocks_;
}

double Level::WorstSimilarity() const {
  double seen = 0;
  for (size_t bin = 0; bin < kBins; ++bin) {
    seen += structure_bins_[bin];
    if (seen * 10 >= blocks_) return 2 * static_cast<double>(bin) / (kBins - 1) - 1;
  }
  return 1;
}

double Level::Detail() const {
  return std::cbrt((kept_edges_cubed_ + kLittle) / (edges_cubed_ + kLittle));
}

double Level::Added() const {
  return edges_ == 0 ? 0 : std::log1p(added_ / edges_);
}

double Level::SquareError() const {
  return samples_ == 0 ? 0 : square_error_ / samples_;
}

double Level::Contrast() const {
  return (covariance_ + kLittle * samples_ + kLittle) /
         (reference_variance_ + kLittle * samples_ + kLittle);
}

double Level::ActivityRatio() const {
  return std::log((distorted_variance_ + samples_ + 1) / (reference_variance_ + samples_ + 1));
}

double Level::Texture() const {
  return samples_ == 0 ? 0 : std::log1p(reference_variance_ / samples_);
}

double Level::Blockiness() const {
  return distorted_jumps_.Excess(jumps_at_columns_, jumps_elsewhere_) -
         reference_jumps_.Excess(jumps_at_columns_, jumps_elsewhere_);
}

double Level::Brightness() const {
  return samples_ == 0 ? 0 : brightness_ / samples_;
}

}  // namespace vmafx::features
