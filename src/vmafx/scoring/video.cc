#include "vmafx/scoring/video.h"

#include <charconv>

#include "base/text.h"

namespace vmafx::scoring {
namespace {

constexpr int kDepths[] = {8, 10, 12, 16};

std::string_view ChromaName(Chroma chroma) {
  switch (chroma) {
    case Chroma::k420:
      return "420";
    case Chroma::k422:
      return "422";
    case Chroma::k444:
      return "444";
  }
  return "?";
}

uint32_t HalfRoundedUp(uint32_t side) {
  return side / 2 + side % 2;
}

// The number at the start of `text`, which it is taken off.
bool TakeNumber(std::string_view& text, uint32_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string ToString(PixelFormat format) {
  std::string name = fmt::format("yuv{}p", ChromaName(format.chroma));
  return format.bit_depth == 8 ? name : fmt::format("{}{}le", name, format.bit_depth);
}

std::vector<std::string> PixelFormatNames() {
  std::vector<std::string> names;
  for (int depth : kDepths) {
    for (Chroma chroma : {Chroma::k420, Chroma::k422, Chroma::k444}) {
      names.push_back(ToString(PixelFormat{chroma, depth}));
    }
  }
  return names;
}

base::Result<PixelFormat> ParsePixelFormat(std::string_view name) {
  for (int depth : kDepths) {
    for (Chroma chroma : {Chroma::k420, Chroma::k422, Chroma::k444}) {
      PixelFormat format{chroma, depth};
      std::string full = ToString(format);
      bool without_le = depth != 8 && full.substr(0, full.size() - 2) == name;
      if (full == name || without_le) return format;
    }
  }
  return base::Fail(base::Code::kInvalid, "unknown pixel format \"{}\"{}; it is one of {}", name,
                    base::DidYouMean(name, PixelFormatNames()),
                    base::Join(PixelFormatNames(), ", "));
}

base::Result<Size> ParseSize(std::string_view text) {
  std::string_view rest = text;
  Size size;
  bool good = TakeNumber(rest, size.width) && rest.starts_with('x');
  if (good) rest.remove_prefix(1);
  good = good && TakeNumber(rest, size.height) && rest.empty();
  if (!good) {
    return base::Fail(base::Code::kInvalid,
                      "size \"{}\" is not WIDTHxHEIGHT in pixels, such as 1920x1080", text);
  }
  return size;
}

base::Result<> Validate(const Geometry& geometry) {
  auto [width, height, format] = geometry;
  if (width < kSmallestSide || height < kSmallestSide || width > kLargestSide ||
      height > kLargestSide) {
    return base::Fail(base::Code::kInvalid,
                      "size {}x{} cannot be scored: width and height must be from {} to {}", width,
                      height, kSmallestSide, kLargestSide);
  }
  for (int depth : kDepths) {
    if (format.bit_depth == depth) return base::Ok();
  }
  return base::Fail(base::Code::kInvalid,
                    "bit depth {} cannot be scored: it must be 8, 10, 12 or 16", format.bit_depth);
}

std::string ToString(const Geometry& geometry) {
  return fmt::format("{}x{} {}", geometry.width, geometry.height, ToString(geometry.pixel_format));
}

Plane PlaneOf(const Geometry& geometry, int index) {
  Chroma chroma = geometry.pixel_format.chroma;
  Plane plane;
  plane.width =
      index != 0 && chroma != Chroma::k444 ? HalfRoundedUp(geometry.width) : geometry.width;
  plane.height =
      index != 0 && chroma == Chroma::k420 ? HalfRoundedUp(geometry.height) : geometry.height;
  plane.row_bytes = size_t{plane.width} * (geometry.pixel_format.bit_depth > 8 ? 2 : 1);
  return plane;
}

size_t FrameBytes(const Geometry& geometry) {
  return PlaneOf(geometry, 0).bytes() + PlaneOf(geometry, 1).bytes() + PlaneOf(geometry, 2).bytes();
}

}  // namespace vmafx::scoring
