#include "app/bench-trainer/clips.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>

#include "app/bench-trainer/distort.h"

namespace bench {
namespace {

using base::Result;
using base::Until;

constexpr uint64_t kFrames = 10;

// What a sample's brightness is at (x, y) of frame t, about -1 to 1.
using Scene = std::function<double(double x, double y, double t)>;

struct NamedScene {
  std::string name;
  Scene scene;
};

// Smooth noise over a lattice, the same for the same `salt`.
double Lattice(int64_t x, int64_t y, uint64_t salt) {
  uint64_t hash = static_cast<uint64_t>(x) * 0x9E3779B97F4A7C15U ^
                  static_cast<uint64_t>(y) * 0xC2B2AE3D27D4EB4FU ^ salt * 0x165667B19E3779F9U;
  hash ^= hash >> 29;
  hash *= 0xBF58476D1CE4E5B9U;
  hash ^= hash >> 32;
  return static_cast<double>(hash & 0xFFFFFF) / 0x800000 - 1;
}

double SmoothNoise(double x, double y, uint64_t salt) {
  const double fx = std::floor(x);
  const double fy = std::floor(y);
  const auto ix = static_cast<int64_t>(fx);
  const auto iy = static_cast<int64_t>(fy);
  const auto ease = [](double share) { return share * share * (3 - 2 * share); };
  const double sx = ease(x - fx);
  const double sy = ease(y - fy);
  const double above = std::lerp(Lattice(ix, iy, salt), Lattice(ix + 1, iy, salt), sx);
  const double below = std::lerp(Lattice(ix, iy + 1, salt), Lattice(ix + 1, iy + 1, salt), sx);
  return std::lerp(above, below, sy);
}

NamedScene DriftingWaves(Random& random) {
  std::array<std::array<double, 4>, 4> waves{};
  for (auto& wave : waves) {
    wave = {random.In(0.02, 0.5), random.In(-0.4, 0.4), random.In(-0.5, 0.5), random.In(0.1, 0.4)};
  }
  return {"drifting waves", [waves](double x, double y, double t) {
            double sum = 0;
            for (const auto& [fx, fy, speed, strength] : waves) {
              sum += strength * std::sin(fx * x + fy * y + speed * t);
            }
            return sum;
          }};
}

NamedScene PannedTexture(Random& random) {
  const uint64_t salt = random.Whole();
  const double size = random.In(3, 30);
  const double roughness = random.In(0.35, 0.75);
  const double speed = random.In(-4, 4);
  return {"panned texture", [=](double x, double y, double t) {
            double sum = 0;
            double strength = 1;
            double scale = 1 / size;
            for (uint64_t octave = 0; octave < 4; ++octave) {
              sum += strength * SmoothNoise((x + speed * t) * scale, y * scale, salt + octave);
              strength *= roughness;
              scale *= 2;
            }
            return sum * 0.7;
          }};
}

NamedScene Shapes(Random& random) {
  struct Disc {
    double x, y, radius, dx, dy, light;
  };
  std::vector<Disc> discs;
  for (int i = 0; i < 14; ++i) {
    discs.push_back({random.In(0, 320), random.In(0, 200), random.In(4, 40), random.In(-3, 3),
                     random.In(-2, 2), random.In(-0.9, 0.9)});
  }
  const double slope = random.In(-0.004, 0.004);
  return {"moving shapes", [=](double x, double y, double t) {
            double light = slope * (x - 100) + 0.002 * y;
            for (const Disc& disc : discs) {
              const double distance =
                  std::hypot(x - disc.x - disc.dx * t, y - disc.y - disc.dy * t);
              if (distance < disc.radius) light = disc.light;
            }
            return light;
          }};
}

NamedScene Letters(Random& random) {
  const uint64_t salt = random.Whole();
  const double size = random.In(1.5, 4);
  const double speed = random.In(0, 2);
  return {"scrolling letters", [=](double x, double y, double t) {
            const auto column = static_cast<int64_t>(std::floor(x / size));
            const auto row = static_cast<int64_t>(std::floor((y + speed * t) / size));
            const bool gap = column % 6 == 5 || row % 9 >= 7;
            return !gap && Lattice(column, row, salt) > 0.1 ? -0.8 : 0.8;
          }};
}

NamedScene Mixture(Random& random) {
  NamedScene back = PannedTexture(random);
  NamedScene front = random.In(0, 1) < 0.5 ? Shapes(random) : DriftingWaves(random);
  const double share = random.In(0.3, 0.7);
  return {front.name + " over texture", [=](double x, double y, double t) {
            return share * back.scene(x, y, t) + (1 - share) * front.scene(x, y, t);
          }};
}

Clip Draw(const Scene& scene, Random& random) {
  constexpr std::array<std::array<uint32_t, 2>, 4> kSizes = {
      {{192, 108}, {256, 144}, {224, 160}, {160, 120}}};
  const auto size = kSizes[random.Whole() % kSizes.size()];
  const double light = random.In(90, 160);
  const double contrast = random.In(35, 95);
  const double grain = random.In(0, 1) < 0.4 ? random.In(1, 6) : 0;
  Clip clip{size[0], size[1], {}};
  for (uint64_t frame = 0; frame < kFrames; ++frame) {
    std::vector<uint8_t>& samples = clip.frames.emplace_back();
    for (uint32_t y = 0; y < clip.height; ++y) {
      for (uint32_t x = 0; x < clip.width; ++x) {
        const double value = scene(x, y, static_cast<double>(frame)) * contrast + light;
        samples.push_back(ToSample(value + (grain > 0 ? random.Normal() * grain : 0)));
      }
    }
  }
  return clip;
}

}  // namespace

Result<ClipPair> MakeClipPair(uint64_t seed, uint64_t number, const std::string& ffmpeg,
                              const Until& until) {
  Random random(seed * 1'000'003 + number);
  constexpr std::array kScenes = {&DriftingWaves, &PannedTexture, &Shapes, &Letters, &Mixture};
  const NamedScene scene = kScenes[random.Whole() % kScenes.size()](random);
  ClipPair pair;
  pair.reference = Draw(scene.scene, random);
  Distorted distorted = TRY(Distort(pair.reference, random, ffmpeg, until));
  pair.name = scene.name + ", " + distorted.name;
  pair.distorted = std::move(distorted.clip);
  return pair;
}

std::string RawVideo(const Clip& clip) {
  std::string raw;
  const size_t chroma = 2 * ((clip.width + 1) / 2) * size_t{(clip.height + 1) / 2};
  for (const auto& frame : clip.frames) {
    raw.append(reinterpret_cast<const char*>(frame.data()), frame.size());
    raw.append(chroma, '\x80');
  }
  return raw;
}

}  // namespace bench
