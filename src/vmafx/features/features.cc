#include "vmafx/features/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "vmafx/features/level.h"
#include "vmafx/features/picture.h"

namespace vmafx::features {
namespace {

constexpr std::array<std::string_view, 27> kNames = {
    "vif_scale0",    "vif_scale1",    "vif_scale2",    "vif_scale3",     "vif_low",
    "detail_scale0", "detail_scale1", "detail_scale2", "detail_scale3",  "added_scale0",
    "added_scale1",  "added_scale2",  "ssim_scale0",   "ssim_scale1",    "ssim_scale2",
    "ssim_low",      "psnr",          "psnr_coarse",   "contrast",       "activity_ratio",
    "blockiness",    "brightness",    "texture",       "texture_coarse", "motion",
    "motion_change", "error_flicker"};
constexpr size_t kLowest = 4;  // "vif_low"

using Frame = std::array<double, kNames.size()>;

constexpr size_t kScales = 4;
constexpr std::array<size_t, kScales> kBlocks = {8, 8, 4, 4};

// Up to 50 dB, then there is nothing to see any more; over 50, so that this is 1.
double Psnr(double square_error) {
  constexpr double kPeak = 255.0 * 255.0;
  return std::min(50.0, 10 * std::log10(kPeak / std::max(square_error, 1e-9))) / 50;
}

struct Pair {
  Picture reference;
  Picture distorted;
};

// One strip of each side at full size, so that no whole picture of it is needed.
void AddFullSize(const Plane& reference, const Plane& distorted, Level& level, Pair& strip,
                 Pair& half) {
  const size_t width = reference.width;
  half.reference.Resize(Half(width), Half(reference.height));
  half.distorted.Resize(Half(width), Half(reference.height));
  strip.reference.Resize(width, Level::kStrip);
  strip.distorted.Resize(width, Level::kStrip);
  for (size_t top = 0; top < reference.height; top += Level::kStrip) {
    const size_t rows = std::min(Level::kStrip, reference.height - top);
    for (size_t y = 0; y < rows; ++y) {
      ReadRow(reference, top + y, strip.reference.Row(y));
      ReadRow(distorted, top + y, strip.distorted.Row(y));
    }
    level.AddStrip(strip.reference.Row(0), strip.distorted.Row(0), width, rows);
    for (size_t y = 0; y < rows; y += 2) {
      HalveRows(strip.reference.Row(y), width, rows - y, half.reference.Row((top + y) / 2));
      HalveRows(strip.distorted.Row(y), width, rows - y, half.distorted.Row((top + y) / 2));
    }
  }
}

void Add(const Pair& pair, Level& level) {
  const size_t height = pair.reference.height;
  for (size_t top = 0; top < height; top += Level::kStrip) {
    level.AddStrip(pair.reference.Row(top), pair.distorted.Row(top), pair.reference.width,
                   std::min(Level::kStrip, height - top));
  }
}

void Halve(const Picture& from, Picture& into) {
  into.Resize(Half(from.width), Half(from.height));
  for (size_t y = 0; y < from.height; y += 2) {
    HalveRows(from.Row(y), from.width, from.height - y, into.Row(y / 2));
  }
}

struct Motion {
  double reference = 0;
  double distorted = 0;
  double error = 0;
};

Motion Between(const Pair& before, const Pair& now) {
  Motion motion;
  motion.reference = MeanDifference(before.reference, now.reference);
  motion.distorted = MeanDifference(before.distorted, now.distorted);
  const size_t count = now.reference.samples.size();
  for (size_t i = 0; i < count; ++i) {
    const float error_before = before.distorted.samples[i] - before.reference.samples[i];
    const float error_now = now.distorted.samples[i] - now.reference.samples[i];
    motion.error += std::fabs(static_cast<double>(error_now - error_before));
  }
  if (count > 0) motion.error /= static_cast<double>(count);
  return motion;
}

Frame Describe(const std::array<Level, kScales>& levels) {
  const auto& [full, half, quarter, eighth] = levels;
  return {full.Information(),
          half.Information(),
          quarter.Information(),
          eighth.Information(),
          half.Information(),
          full.Detail(),
          half.Detail(),
          quarter.Detail(),
          eighth.Detail(),
          full.Added(),
          half.Added(),
          quarter.Added(),
          full.Similarity(),
          half.Similarity(),
          quarter.Similarity(),
          half.WorstSimilarity(),
          Psnr(full.SquareError()),
          Psnr(quarter.SquareError()),
          std::clamp(full.Contrast(), -1.0, 4.0),
          full.ActivityRatio(),
          full.Blockiness(),
          full.Brightness() / 255,
          full.Texture(),
          quarter.Texture(),
          0,
          0,
          0};
}

}  // namespace

std::span<const std::string_view> Names() {
  return kNames;
}

struct Extractor::State {
  Pair strip;
  std::array<Pair, kScales> scales;  // [0] is not used: full size goes by strips
  Pair before;                       // of the frame before, at a quarter of the size
  std::optional<uint64_t> last;
  Frame sums{};
  Frame lowest{};
  Motion motion;
  uint64_t frames = 0;
  uint64_t moves = 0;
};

Extractor::Extractor() : state_(std::make_unique<State>()) {}
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;
Extractor::~Extractor() = default;

void Extractor::Add(uint64_t frame, const Plane& reference, const Plane& distorted) {
  if (!IsSampled(frame) || reference.width == 0 || reference.height == 0) return;
  State& state = *state_;
  std::array<Level, kScales> levels = {Level(kBlocks[0]), Level(kBlocks[1]), Level(kBlocks[2]),
                                       Level(kBlocks[3])};
  AddFullSize(reference, distorted, levels[0], state.strip, state.scales[1]);
  for (size_t scale = 1; scale < kScales; ++scale) {
    Pair& pair = state.scales[scale];
    features::Add(pair, levels[scale]);
    if (scale + 1 == kScales) break;
    Halve(pair.reference, state.scales[scale + 1].reference);
    Halve(pair.distorted, state.scales[scale + 1].distorted);
  }

  const Frame now = Describe(levels);
  for (size_t i = 0; i < now.size(); ++i) {
    state.sums[i] += now[i];
    state.lowest[i] = state.frames == 0 ? now[i] : std::min(state.lowest[i], now[i]);
  }
  ++state.frames;
  if (state.last && *state.last + 1 == frame) {
    const Motion motion = Between(state.before, state.scales[2]);
    state.motion.reference += motion.reference;
    state.motion.distorted += motion.distorted;
    state.motion.error += motion.error;
    ++state.moves;
  }
  std::swap(state.before, state.scales[2]);
  state.last = frame;
}

std::vector<double> Extractor::Clip() const {
  const State& state = *state_;
  std::vector<double> clip(kNames.size());
  if (state.frames == 0) return clip;
  for (size_t i = 0; i < clip.size(); ++i) {
    clip[i] = state.sums[i] / static_cast<double>(state.frames);
  }
  clip[kLowest] = state.lowest[kLowest];
  if (state.moves > 0) {
    const auto moves = static_cast<double>(state.moves);
    clip[kNames.size() - 3] = std::log1p(state.motion.reference / moves);
    clip[kNames.size() - 2] =
        std::log1p(state.motion.distorted / moves) - std::log1p(state.motion.reference / moves);
    clip[kNames.size() - 1] = std::log1p(state.motion.error / moves);
  }
  return clip;
}

}  // namespace vmafx::features
