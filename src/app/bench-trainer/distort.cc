#include "app/bench-trainer/distort.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "sys/files.h"
#include "sys/process.h"

namespace bench {

using base::Result;
using base::Until;

namespace {

using Frame = std::vector<double>;
constexpr size_t kBlock = 8;

Frame ToFrame(const std::vector<uint8_t>& samples) {
  return {samples.begin(), samples.end()};
}

void EachFrame(Clip& clip, const std::function<void(Frame&)>& change) {
  for (auto& samples : clip.frames) {
    Frame frame = ToFrame(samples);
    change(frame);
    std::transform(frame.begin(), frame.end(), samples.begin(), ToSample);
  }
}

// Along x when `step` is 1, along y when it is the width.
void BlurLine(const Frame& from, Frame& into, size_t start, size_t step, size_t count,
              const std::vector<double>& kernel) {
  const auto reach = static_cast<ptrdiff_t>(kernel.size() / 2);
  const auto last = static_cast<ptrdiff_t>(count) - 1;
  for (ptrdiff_t i = 0; i <= last; ++i) {
    double sum = 0;
    for (ptrdiff_t k = -reach; k <= reach; ++k) {
      const auto at = static_cast<size_t>(std::clamp<ptrdiff_t>(i + k, 0, last));
      sum += kernel[static_cast<size_t>(k + reach)] * from[start + at * step];
    }
    into[start + static_cast<size_t>(i) * step] = sum;
  }
}

std::string Blur(Clip& clip, double strength, Random&) {
  const double sigma = 0.4 + 3 * strength * strength;
  const auto reach = static_cast<int>(std::ceil(2.5 * sigma));
  std::vector<double> kernel;
  double total = 0;
  for (int k = -reach; k <= reach; ++k) {
    kernel.push_back(std::exp(-k * k / (2 * sigma * sigma)));
    total += kernel.back();
  }
  for (double& weight : kernel) weight /= total;
  EachFrame(clip, [&](Frame& frame) {
    Frame across = frame;
    for (size_t y = 0; y < clip.height; ++y) {
      BlurLine(frame, across, y * clip.width, 1, clip.width, kernel);
    }
    for (size_t x = 0; x < clip.width; ++x) {
      BlurLine(across, frame, x, clip.width, clip.height, kernel);
    }
  });
  return fmt::format("blur {:.1f}", sigma);
}

std::string Noise(Clip& clip, double strength, Random& random) {
  const double sigma = 1 + 24 * strength * strength;
  EachFrame(clip, [&](Frame& frame) {
    for (double& sample : frame) sample += sigma * random.Normal();
  });
  return fmt::format("noise {:.1f}", sigma);
}

std::string Contrast(Clip& clip, double strength, Random& random) {
  const double gain = random.In(0, 1) < 0.7 ? 1 - 0.7 * strength : 1 + 0.5 * strength;
  const double shift = random.In(-12, 12) * strength;
  EachFrame(clip, [&](Frame& frame) {
    for (double& sample : frame) sample = 128 + (sample - 128) * gain + shift;
  });
  return fmt::format("contrast {:.2f}", gain);
}

std::string RepeatFrames(Clip& clip, double strength, Random&) {
  const size_t hold = 2 + static_cast<size_t>(strength * 3);
  for (size_t i = 0; i < clip.frames.size(); ++i) clip.frames[i] = clip.frames[i / hold * hold];
  return fmt::format("each {}th frame", hold);
}

std::string Posterise(Clip& clip, double strength, Random&) {
  const double step = std::exp2(2 + 4 * strength);
  EachFrame(clip, [&](Frame& frame) {
    for (double& sample : frame) sample = std::round(sample / step) * step;
  });
  return fmt::format("grey levels of {:.0f}", step);
}

std::string ShrinkAndGrow(Clip& clip, double strength, Random&) {
  const double factor = 1.2 + 3.5 * strength * strength;
  EachFrame(clip, [&](Frame& frame) {
    const auto width = static_cast<size_t>(std::max(4.0, clip.width / factor));
    const auto height = static_cast<size_t>(std::max(4.0, clip.height / factor));
    Frame sums(width * height);
    Frame counts(width * height);
    const auto at = [&](size_t x, size_t y) {
      return y * height / clip.height * width + x * width / clip.width;
    };
    for (size_t y = 0; y < clip.height; ++y) {
      for (size_t x = 0; x < clip.width; ++x) {
        sums[at(x, y)] += frame[y * clip.width + x];
        counts[at(x, y)] += 1;
      }
    }
    for (size_t y = 0; y < clip.height; ++y) {
      for (size_t x = 0; x < clip.width; ++x) {
        frame[y * clip.width + x] = sums[at(x, y)] / counts[at(x, y)];
      }
    }
  });
  return fmt::format("shrunk {:.1f} times", factor);
}

// DCT-II of 8 samples as a table, rows of frequencies.
std::array<std::array<double, kBlock>, kBlock> CosineTable() {
  std::array<std::array<double, kBlock>, kBlock> table{};
  for (size_t u = 0; u < kBlock; ++u) {
    for (size_t x = 0; x < kBlock; ++x) {
      const double angle = (2 * static_cast<double>(x) + 1) * static_cast<double>(u);
      table[u][x] = std::cos(angle * std::numbers::pi / 16) * (u == 0 ? std::sqrt(0.125) : 0.5);
    }
  }
  return table;
}

void CodeBlock(Frame& frame, size_t width, size_t left, size_t top, double step) {
  static const auto table = CosineTable();
  std::array<std::array<double, kBlock>, kBlock> rows{};
  std::array<std::array<double, kBlock>, kBlock> coefficients{};
  for (size_t y = 0; y < kBlock; ++y) {
    for (size_t u = 0; u < kBlock; ++u) {
      for (size_t x = 0; x < kBlock; ++x) {
        rows[y][u] += table[u][x] * (frame[(top + y) * width + left + x] - 128);
      }
    }
  }
  for (size_t v = 0; v < kBlock; ++v) {
    for (size_t u = 0; u < kBlock; ++u) {
      double sum = 0;
      for (size_t y = 0; y < kBlock; ++y) sum += table[v][y] * rows[y][u];
      const double quantum = step * (1 + 0.3 * static_cast<double>(u + v));
      coefficients[v][u] = std::round(sum / quantum) * quantum;
    }
  }
  for (size_t y = 0; y < kBlock; ++y) {
    for (size_t x = 0; x < kBlock; ++x) {
      double sum = 128;
      for (size_t v = 0; v < kBlock; ++v) {
        for (size_t u = 0; u < kBlock; ++u) {
          sum += table[v][y] * table[u][x] * coefficients[v][u];
        }
      }
      frame[(top + y) * width + left + x] = sum;
    }
  }
}

std::string CodeByBlocks(Clip& clip, double strength, Random&) {
  const double step = 4 + 70 * strength * strength;
  EachFrame(clip, [&](Frame& frame) {
    for (size_t top = 0; top + kBlock <= clip.height; top += kBlock) {
      for (size_t left = 0; left + kBlock <= clip.width; left += kBlock) {
        CodeBlock(frame, clip.width, left, top, step);
      }
    }
  });
  return fmt::format("blocks of step {:.0f}", step);
}

Result<std::string> Encode(Clip& clip, double strength, const std::string& ffmpeg,
                           const Until& until) {
  const int quality = 20 + static_cast<int>(31 * strength);
  const sys::TempDir folder = TRY(sys::TempDir::Make("bench-trainer"));
  const std::string raw = (folder.path() / "raw.yuv").string();
  const std::string coded = (folder.path() / "coded.mkv").string();
  const std::string decoded = (folder.path() / "decoded.yuv").string();
  TRY(sys::WriteFileAtomically(raw, RawVideo(clip)));
  const std::string size = fmt::format("{}x{}", clip.width, clip.height);
  sys::Command encode{{ffmpeg,     "-nostdin", "-v",       "error",    "-f",
                       "rawvideo", "-s",       size,       "-pix_fmt", "yuv420p",
                       "-i",       raw,        "-c:v",     "libx264",  "-threads",
                       "1",        "-preset",  "veryfast", "-crf",     std::to_string(quality),
                       coded}};
  TRY(sys::RunOrFail(std::move(encode), until));
  sys::Command decode{{ffmpeg, "-nostdin", "-v", "error", "-i", coded, "-f", "rawvideo", "-pix_fmt",
                       "yuv420p", decoded}};
  TRY(sys::RunOrFail(std::move(decode), until));
  const std::string bytes = TRY(sys::ReadFile(decoded));
  const size_t luma = size_t{clip.width} * clip.height;
  const size_t frame = bytes.size() / clip.frames.size();
  for (size_t i = 0; i < clip.frames.size(); ++i) {
    const auto* start = reinterpret_cast<const uint8_t*>(bytes.data()) + i * frame;
    clip.frames[i].assign(start, start + luma);
  }
  return fmt::format("x264 at {}", quality);
}

Result<std::string> One(Clip& clip, Random& random, const std::string& ffmpeg, const Until& until) {
  constexpr std::array kSimple = {&Blur,     &Noise,     &CodeByBlocks, &ShrinkAndGrow,
                                  &Contrast, &Posterise, &RepeatFrames};
  const double strength = random.In(0, 1);
  const uint64_t choice = random.Whole() % (kSimple.size() + 3);
  if (choice < kSimple.size()) return kSimple[choice](clip, strength, random);
  if (!ffmpeg.empty()) return Encode(clip, strength, ffmpeg, until);
  return CodeByBlocks(clip, strength, random);
}

}  // namespace

uint8_t ToSample(double value) {
  return static_cast<uint8_t>(std::clamp(std::round(value), 0.0, 255.0));
}

Result<Distorted> Distort(const Clip& clip, Random& random, const std::string& ffmpeg,
                          const Until& until) {
  Distorted distorted{"", clip};
  distorted.name = TRY(One(distorted.clip, random, ffmpeg, until));
  if (random.In(0, 1) < 0.25) {
    distorted.name += ", " + TRY(One(distorted.clip, random, ffmpeg, until));
  }
  return distorted;
}

}  // namespace bench
