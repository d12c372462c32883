#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "vmafx/scoring/input.h"
#include "vmafx/scoring/video.h"

namespace vmafx::scoring {

// Memory for one plane of a frame, owned by the caller. It may be a sample narrower or lower than
// the plane in the file (libvmaf rounds chroma down, files round it up): the rest is left out.
struct PlaneTarget {
  uint8_t* data = nullptr;
  size_t stride = 0;  // bytes from row to row
  uint32_t width = 0;
  uint32_t height = 0;
};
using FrameTarget = std::array<PlaneTarget, 3>;

// Frames of one video, pulled one after the other; holds one frame at most, however long the video
// is. One thread at a time.
class VideoReader {
 public:
  virtual ~VideoReader() = default;

  // What messages call it.
  virtual const std::string& name() const = 0;
  virtual const Geometry& geometry() const = 0;

  // How much there is, known beforehand for a raw file only.
  struct Length {
    uint64_t frames = 0;      // whole ones
    uint64_t bytes = 0;       // of the file
    uint64_t bytes_over = 0;  // after the last whole frame
  };
  virtual std::optional<Length> length() const = 0;

  // Reads the next frame; false at the end. kInvalid when it is cut short, or holds a sample above
  // the bit depth (which libvmaf does not expect and which means that the format is wrong).
  // kTimeout, kCancelled: `until`. Blocks as the file or pipe does.
  virtual base::Result<bool> Next(const FrameTarget& into, const base::Until& until) = 0;

  // Reads past the next frame; false at the end.
  virtual base::Result<bool> Skip(const base::Until& until) = 0;
};

struct OpenOptions {
  std::optional<Geometry> geometry;  // of raw YUV; where others have their own, it must agree
  std::string geometry_hint;         // how the user can give it, for messages
  std::filesystem::path ffmpeg;      // decodes containers; empty: there is none
  std::string ffmpeg_hint;           // how the user can give that
  unsigned threads = 1;              // of the decoder
};

// Opens a file, pipe or stream. What begins with a Y4M header is Y4M. A container (recognised by
// its first bytes or its name) is decoded by ffmpeg and must be a regular file. Everything else is
// raw YUV and needs the geometry. kInvalid for an empty file, a bad Y4M header, raw YUV without
// geometry, another geometry than the one asked for, a container that cannot be decoded, or one
// without ffmpeg; kNotFound, kDenied. Blocks until the first bytes are there.
base::Result<std::unique_ptr<VideoReader>> OpenVideo(const Input& input, const OpenOptions& options,
                                                     const base::Until& until);

}  // namespace vmafx::scoring
