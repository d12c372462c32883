#pragma once

#include <string_view>

#include "base/result.h"
#include "vmafx/scoring/video.h"

namespace vmafx::scoring {

// What every YUV4MPEG2 (Y4M) stream begins with; see yuv4mpeg(5) of the mjpegtools.
constexpr std::string_view kY4mSignature = "YUV4MPEG2";
// Each frame is a line that begins so, then the planes.
constexpr std::string_view kY4mFrame = "FRAME";

// The geometry in a stream's first line (without its line end). Frame rate, aspect ratio, interlace
// and comment tags are checked for shape and do not matter: every frame is scored as it is stored.
// No colour tag means C420jpeg, as the format says. kInvalid says which tag is wrong: missing,
// repeated, malformed, or a colour space that cannot be scored (mono, 411, alpha, other depths).
base::Result<Geometry> ParseY4mHeader(std::string_view line);

}  // namespace vmafx::scoring
