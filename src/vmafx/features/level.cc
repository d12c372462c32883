#include "vmafx/features/level.h"

#include <algorithm>
#include <cmath>

#include "vmafx/features/lanes.h"

namespace vmafx::features {
namespace {

// Of the eye (VIF) and of the similarity's two terms, for 8-bit samples.
constexpr double kVisualNoise = 2.0;
constexpr double kBrightnessConstant = 6.5025;  // (0.01 * 255)^2
constexpr double kStructureConstant = 58.5225;  // (0.03 * 255)^2
constexpr double kLittle = 1e-3;
constexpr size_t kCodecBlock = 8;

// What the edges of a row add up to.
struct EdgeSums {
  Lanes kept_cubed{};
  Lanes cubed{};
  Lanes added{};

  void Add(Lanes reference, Lanes distorted) {
    const Lanes none{};
    // What is left of the edge: nothing when it turned round, at most all of it.
    const Lanes kept = Least(Most(distorted, Least(reference, none)), Most(reference, none));
    const Lanes left = Absolute(kept);
    const Lanes whole = Absolute(reference);
    kept_cubed += left * left * left;
    cubed += whole * whole * whole;
    added += Absolute(distorted - kept);
  }
};

}  // namespace

void Level::AddStrip(const float* reference, const float* distorted, size_t width, size_t rows) {
  for (size_t y = 0; y < rows; y += block_) {
    const size_t high = std::min(block_, rows - y);
    for (size_t x = 0; x < width; x += block_) {
      const size_t wide = std::min(block_, width - x);
      const size_t start = y * width + x;
      AddBlock(SumBlock(reference + start, distorted + start, width, wide, high),
               static_cast<double>(wide * high));
    }
  }
  for (size_t y = 0; y < rows; ++y) {
    const size_t start = y * width;
    AddAcross(reference + start, distorted + start, width);
    if (y + 1 < rows) AddDown(reference + start, distorted + start, width);
  }
  edges_ += static_cast<double>(rows * (width - 1) + (rows - 1) * width);
}

Level::BlockSums Level::SumBlock(const float* reference, const float* distorted, size_t stride,
                                 size_t width, size_t rows) {
  Lanes r{}, d{}, rr{}, dd{}, rd{};
  for (size_t y = 0; y < rows; ++y) {
    for (size_t x = 0; x < width; x += kLanes) {
      const size_t at = y * stride + x;
      const bool whole = x + kLanes <= width;
      const Lanes one = whole ? Load(reference + at) : LoadSome(reference + at, width - x);
      const Lanes two = whole ? Load(distorted + at) : LoadSome(distorted + at, width - x);
      r += one;
      d += two;
      rr += one * one;
      dd += two * two;
      rd += one * two;
    }
  }
  return {Sum(r), Sum(d), Sum(rr), Sum(dd), Sum(rd)};
}

void Level::AddBlock(const BlockSums& sums, double count) {
  const double mean_r = sums.reference / count;
  const double mean_d = sums.distorted / count;
  const double var_r = std::max(0.0, sums.reference_squares / count - mean_r * mean_r);
  const double var_d = std::max(0.0, sums.distorted_squares / count - mean_d * mean_d);
  const double limit = std::sqrt(var_r * var_d);
  const double cov = std::clamp(sums.products / count - mean_r * mean_d, -limit, limit);

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
  square_error_ +=
      std::max(0.0, sums.reference_squares - 2 * sums.products + sums.distorted_squares);
}

// From column to column.
void Level::AddAcross(const float* reference, const float* distorted, size_t width) {
  EdgeSums sums;
  // A codec's block of eight columns is two groups of lanes; the last lane of the second is where
  // the next block begins.
  Lanes reference_jumps[2] = {};
  Lanes distorted_jumps[2] = {};
  const size_t count = width - 1;
  for (size_t x = 0; x < count; x += kLanes) {
    const size_t some = std::min(kLanes, count - x);
    const bool whole = some == kLanes;
    const auto edge = [&](const float* row) {
      return whole ? Load(row + x + 1) - Load(row + x)
                   : LoadSome(row + x + 1, some) - LoadSome(row + x, some);
    };
    const Lanes r = edge(reference);
    const Lanes d = edge(distorted);
    sums.Add(r, d);
    const size_t half = x % kCodecBlock / kLanes;
    reference_jumps[half] += Absolute(r);
    distorted_jumps[half] += Absolute(d);
  }
  kept_edges_cubed_ += Sum(sums.kept_cubed);
  edges_cubed_ += Sum(sums.cubed);
  added_ += Sum(sums.added);

  const auto add = [](const Lanes(&lanes)[2], Jumps& jumps) {
    const double at_columns = static_cast<double>(lanes[1][kLanes - 1]);
    jumps.at_columns += at_columns;
    jumps.elsewhere += Sum(lanes[0]) + Sum(lanes[1]) - at_columns;
  };
  add(reference_jumps, reference_jumps_);
  add(distorted_jumps, distorted_jumps_);
  const size_t columns = count / kCodecBlock;
  jumps_at_columns_ += static_cast<double>(columns);
  jumps_elsewhere_ += static_cast<double>(count - columns);
}

// From this row to the next.
void Level::AddDown(const float* reference, const float* distorted, size_t width) {
  EdgeSums sums;
  for (size_t x = 0; x < width; x += kLanes) {
    const size_t some = std::min(kLanes, width - x);
    const bool whole = some == kLanes;
    const auto edge = [&](const float* row) {
      return whole ? Load(row + width + x) - Load(row + x)
                   : LoadSome(row + width + x, some) - LoadSome(row + x, some);
    };
    sums.Add(edge(reference), edge(distorted));
  }
  kept_edges_cubed_ += Sum(sums.kept_cubed);
  edges_cubed_ += Sum(sums.cubed);
  added_ += Sum(sums.added);
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
