#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vmafx::scoring {

// How chroma is sampled. Odd sizes round up: a 5x3 frame in 4:2:0 has 3x2 chroma samples.
enum class Chroma { k420, k422, k444 };

// Planar Y, U, V. Depths above 8 are 16-bit little-endian words, the value in the low bits.
struct PixelFormat {
  Chroma chroma = Chroma::k420;
  int bit_depth = 8;  // 8, 10, 12 or 16
  bool operator==(const PixelFormat&) const = default;
};

// ffmpeg's names: "yuv420p", "yuv422p10le", "yuv444p16le".
std::string ToString(PixelFormat format);
// Also without "le" ("yuv420p10"). kInvalid lists the names and offers the nearest one.
base::Result<PixelFormat> ParsePixelFormat(std::string_view name);
// All of them, for help texts and messages.
std::vector<std::string> PixelFormatNames();

struct Geometry {
  uint32_t width = 0;
  uint32_t height = 0;
  PixelFormat pixel_format;
  bool operator==(const Geometry&) const = default;
};

// What can be scored. The features halve a picture four times, so smaller ones have nothing left;
// the upper end keeps a hostile header from asking for terabytes.
constexpr uint32_t kSmallestSide = 32;
constexpr uint32_t kLargestSide = 16384;

struct Size {
  uint32_t width = 0;
  uint32_t height = 0;
};
// "1920x1080"; kInvalid when that is not what it looks like. The range is Validate's business.
base::Result<Size> ParseSize(std::string_view text);

// kInvalid unless width and height are within kSmallestSide..kLargestSide and the depth is one of
// the four.
base::Result<> Validate(const Geometry& geometry);

// "1920x1080 yuv420p10le".
std::string ToString(const Geometry& geometry);

// Rows and bytes of the three planes of one frame, and of all of it.
struct Plane {
  uint32_t width = 0;  // samples
  uint32_t height = 0;
  size_t row_bytes = 0;
  size_t bytes() const { return row_bytes * height; }
};
Plane PlaneOf(const Geometry& geometry, int index);  // 0 Y, 1 U, 2 V
size_t FrameBytes(const Geometry& geometry);

}  // namespace vmafx::scoring
