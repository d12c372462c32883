#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
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

  // What messages call it: the path.
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

// Opens a file or pipe. What begins with a Y4M header is Y4M: `geometry`, where given, must agree
// with it. Everything else is raw YUV and needs `geometry`. kInvalid for a container (recognised by
// name or by its first bytes), an empty file, a bad Y4M header, or raw YUV without geometry;
// kNotFound, kDenied. `hint` says in that last message how to give it. Blocks until the first bytes
// are there. Messages call it `name`, or by its path where that is empty.
base::Result<std::unique_ptr<VideoReader>> OpenVideo(const std::filesystem::path& path,
                                                     const std::string& name,
                                                     const std::optional<Geometry>& geometry,
                                                     const std::string& hint,
                                                     const base::Until& until);

}  // namespace vmafx::scoring
