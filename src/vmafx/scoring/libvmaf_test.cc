// The libvmaf that we link gives the same score whichever instructions the processor has. It did
// not: its vectorised code read beyond rows of certain widths (tools/libvmaf/build,
// correct_wavelet).

#include <cstring>
#include <tuple>

#include <gtest/gtest.h>
#include <libvmaf/libvmaf.h>

#include "vmafx/scoring/testing/clips.h"

namespace vmafx::scoring {
namespace {

using testing::MakeClip;
using testing::Side;

// Bits of VmafConfiguration::cpumask: what is not to be used.
constexpr uint64_t kScalarOnly = 63;
constexpr uint64_t kWithoutAvx512 = 16 | 32;
constexpr uint64_t kEverything = 0;

// Vectorised code may round otherwise, by this much at most.
constexpr double kRounding = 2e-3;

void FillLuma(VmafPicture& picture, const Geometry& geometry, const std::string& clip, int frame) {
  Plane luma = PlaneOf(geometry, 0);
  const char* from = clip.data() + FrameBytes(geometry) * static_cast<size_t>(frame);
  for (uint32_t row = 0; row < luma.height; ++row) {
    std::memcpy(static_cast<char*>(picture.data[0]) + row * static_cast<size_t>(picture.stride[0]),
                from + row * luma.row_bytes, luma.row_bytes);
  }
}

double ScoreWith(uint64_t cpumask, const Geometry& geometry) {
  constexpr int kFrames = 2;
  std::string clips[] = {MakeClip(geometry, kFrames, Side::kReference),
                         MakeClip(geometry, kFrames, Side::kDistorted)};
  VmafConfiguration config{};
  config.cpumask = cpumask;
  VmafContext* context = nullptr;
  VmafModel* model = nullptr;
  VmafModelConfig named{"vmaf", VMAF_MODEL_FLAGS_DEFAULT};
  EXPECT_EQ(vmaf_init(&context, config), 0);
  EXPECT_EQ(vmaf_model_load(&model, &named, "vmaf_v0.6.1"), 0);
  EXPECT_EQ(vmaf_use_features_from_model(context, model), 0);
  for (int frame = 0; frame < kFrames; ++frame) {
    VmafPicture pictures[2];
    for (int side = 0; side < 2; ++side) {
      EXPECT_EQ(vmaf_picture_alloc(&pictures[side], VMAF_PIX_FMT_YUV420P,
                                   static_cast<unsigned>(geometry.pixel_format.bit_depth),
                                   geometry.width, geometry.height),
                0);
      FillLuma(pictures[side], geometry, clips[side], frame);
    }
    EXPECT_EQ(vmaf_read_pictures(context, &pictures[0], &pictures[1], static_cast<unsigned>(frame)),
              0);
  }
  EXPECT_EQ(vmaf_read_pictures(context, nullptr, nullptr, 0), 0);
  double score = -1;
  EXPECT_EQ(vmaf_score_pooled(context, model, VMAF_POOL_METHOD_MEAN, &score, 0, kFrames - 1), 0);
  vmaf_model_destroy(model);
  vmaf_close(context);
  return score;
}

class EveryWidthTest : public ::testing::TestWithParam<int> {};

TEST_P(EveryWidthTest, ScoresTheSameWithAndWithoutVectorInstructions) {
  for (uint32_t width = kSmallestSide; width <= 332; width += width < 136 ? 1 : 7) {
    Geometry geometry{width, 34 + width % 3, {Chroma::k420, GetParam()}};
    double scalar = ScoreWith(kScalarOnly, geometry);
    EXPECT_NEAR(ScoreWith(kWithoutAvx512, geometry), scalar, kRounding) << ToString(geometry);
    EXPECT_NEAR(ScoreWith(kEverything, geometry), scalar, kRounding) << ToString(geometry);
  }
}

INSTANTIATE_TEST_SUITE_P(Depths, EveryWidthTest, ::testing::Values(8, 10, 16));

}  // namespace
}  // namespace vmafx::scoring
