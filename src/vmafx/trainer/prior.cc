#include "vmafx/trainer/prior.h"

#include <array>

namespace vmafx::trainer {
namespace {

// Means and scales over 240 clip pairs of the kind that bench/trainer makes (its series 77, which
// no evidence uses). 170 points for 50 dB are 3.4 points for each.
constexpr std::array<FeaturePrior, 27> kPriors = {{
    {0.43, 0.28, 0},    // vif_scale0
    {0.55, 0.28, 0},    // vif_scale1
    {0.65, 0.27, 0},    // vif_scale2
    {0.75, 0.25, 0},    // vif_scale3
    {0.49, 0.3, 0},     // vif_low
    {0.66, 0.26, 0},    // detail_scale0
    {0.75, 0.22, 0},    // detail_scale1
    {0.82, 0.2, 0},     // detail_scale2
    {0.87, 0.17, 0},    // detail_scale3
    {0.84, 0.74, 0},    // added_scale0
    {0.77, 0.57, 0},    // added_scale1
    {0.64, 0.46, 0},    // added_scale2
    {0.83, 0.19, 0},    // ssim_scale0
    {0.89, 0.15, 0},    // ssim_scale1
    {0.92, 0.13, 0},    // ssim_scale2
    {0.81, 0.22, 0},    // ssim_low
    {0.65, 0.17, 170},  // psnr
    {0.76, 0.17, 0},    // psnr_coarse
    {0.73, 0.29, 0},    // contrast
    {-0.39, 0.81, 0},   // activity_ratio
    {0.17, 0.32, 0},    // blockiness
    {0.012, 0.015, 0},  // brightness
    {5.06, 1.62, 0},    // texture
    {5.1, 1.25, 0},     // texture_coarse
    {1.55, 0.69, 0},    // motion
    {-0.33, 0.59, 0},   // motion_change
    {1.08, 0.67, 0},    // error_flicker
}};

}  // namespace

std::span<const FeaturePrior> FeaturePriors() {
  return kPriors;
}

}  // namespace vmafx::trainer
