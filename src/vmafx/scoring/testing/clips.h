#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "vmafx/scoring/video.h"

namespace vmafx::scoring::testing {

enum class Side { kReference, kDistorted };

// Raw planar frames, textured and moving; the distorted side is blurred and noisy, so that every
// feature takes part in the score. The same bytes for the same arguments.
std::string MakeClip(const Geometry& geometry, int frames, Side side);

// The same frames as a Y4M stream. `tags` goes behind W, H and C in the header.
std::string ToY4m(const Geometry& geometry, std::string_view raw, std::string_view tags = "F25:1");

// Writes a file into `folder` and returns its path; a failure ends the test program.
std::filesystem::path WriteClip(const std::filesystem::path& folder, const std::string& name,
                                std::string_view bytes);

}  // namespace vmafx::scoring::testing
