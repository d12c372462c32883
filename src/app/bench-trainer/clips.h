#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace bench {

// Luma only, 8 bit; chroma is grey.
struct Clip {
  uint32_t width = 0;
  uint32_t height = 0;
  std::vector<std::vector<uint8_t>> frames;
};

struct ClipPair {
  std::string name;  // "drifting waves, blur 2.1"
  Clip reference;
  Clip distorted;
};

// Pair number `number` of the series `seed`: its content, distortion, strength and size are drawn
// from those two alone. Distortions: blur, noise, coding by DCT blocks, contrast, repeated frames,
// scaling down and up, coarse grey levels, x264 through `ffmpeg` (left out when that is ""), and
// two of them after each other. Blocks while ffmpeg runs.
base::Result<ClipPair> MakeClipPair(uint64_t seed, uint64_t number, const std::string& ffmpeg,
                                    const base::Until& until);

// Raw yuv420p of the clip.
std::string RawVideo(const Clip& clip);

}  // namespace bench
