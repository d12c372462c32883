#include "vmafx/scoring/testing/clips.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "sys/files.h"

namespace vmafx::scoring::testing {
namespace {

// Park and Miller's generator.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed) {}
  int Below(int limit) {
    state_ = static_cast<uint32_t>(state_ * uint64_t{16807} % 2147483647);
    return static_cast<int>((state_ >> 8) % static_cast<uint32_t>(limit));
  }

 private:
  uint32_t state_;
};

// Values are made for 8 bit and scaled up, with the low bits filled.
void Append(std::string& clip, int value, int low, int depth) {
  value = std::clamp(value, 0, 255);
  if (depth == 8) {
    clip += static_cast<char>(value);
    return;
  }
  int sample = (value << (depth - 8)) | (low & ((1 << (depth - 8)) - 1));
  clip += static_cast<char>(sample & 0xff);
  clip += static_cast<char>(sample >> 8);
}

}  // namespace

std::string MakeClip(const Geometry& geometry, int frames, Side side) {
  std::string clip;
  clip.reserve(FrameBytes(geometry) * static_cast<size_t>(frames));
  Random random(783);
  constexpr int kTexture = 61;
  std::vector<int> texture(kTexture * kTexture);
  for (int& value : texture) value = random.Below(120);
  auto sharp = [&texture](int x, int y) {
    return 60 + texture[static_cast<size_t>(x % kTexture * kTexture + y % kTexture)] + x % 32;
  };
  for (int t = 0; t < frames; ++t) {
    for (int plane = 0; plane < 3; ++plane) {
      Plane shape = PlaneOf(geometry, plane);
      for (int y = 0; y < static_cast<int>(shape.height); ++y) {
        for (int x = 0; x < static_cast<int>(shape.width); ++x) {
          int u = x + 2 * t + 7 * plane;
          int v = y + t;
          int value = sharp(u, v);
          if (side == Side::kDistorted) {
            value = (value + sharp(u + 1, v) + sharp(u, v + 1) + sharp(u + 1, v + 1)) / 4 +
                    random.Below(9) - 4;
          }
          Append(clip, value, x * 37 + y * 11, geometry.pixel_format.bit_depth);
        }
      }
    }
  }
  return clip;
}

std::string ToY4m(const Geometry& geometry, std::string_view raw, std::string_view tags) {
  std::string name = ToString(geometry.pixel_format);  // yuv420p10le
  std::string colour = name.substr(3, 3);
  int depth = geometry.pixel_format.bit_depth;
  if (depth != 8) colour += fmt::format("p{}", depth);
  std::string stream =
      fmt::format("YUV4MPEG2 W{} H{} C{} {}\n", geometry.width, geometry.height, colour, tags);
  size_t frame = FrameBytes(geometry);
  for (size_t at = 0; at < raw.size(); at += frame) {
    stream += "FRAME\n";
    stream += raw.substr(at, frame);
  }
  return stream;
}

std::filesystem::path WriteClip(const std::filesystem::path& folder, const std::string& name,
                                std::string_view bytes) {
  std::filesystem::path path = folder / name;
  CHECK(sys::WriteFileAtomically(path, bytes).ok());
  return path;
}

}  // namespace vmafx::scoring::testing
