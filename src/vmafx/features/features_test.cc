#include "vmafx/features/features.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmafx::features {
namespace {

using testing::Contains;
using testing::DoubleNear;
using testing::Each;

// A luma plane with its own memory.
class Image {
 public:
  Image(uint32_t width, uint32_t height, unsigned depth = 8)
      : width_(width), height_(height), depth_(depth), values_(size_t{width} * height) {}

  uint32_t& At(size_t x, size_t y) { return values_[y * width_ + x]; }
  uint32_t width() const { return width_; }
  uint32_t height() const { return height_; }
  uint32_t peak() const { return (1U << depth_) - 1; }

  // Valid until the next call. Rows are a few bytes apart, as libvmaf's are.
  Plane Get() {
    const size_t bytes = depth_ > 8 ? 2 : 1;
    const size_t stride = width_ * bytes + 6;
    bytes_.assign(stride * height_, 0xee);
    for (size_t y = 0; y < height_; ++y) {
      for (size_t x = 0; x < width_; ++x) {
        const uint32_t value = At(x, y);
        bytes_[y * stride + x * bytes] = static_cast<uint8_t>(value);
        if (bytes == 2) bytes_[y * stride + 2 * x + 1] = static_cast<uint8_t>(value >> 8);
      }
    }
    return {bytes_.data(), stride, width_, height_, depth_};
  }

 private:
  uint32_t width_;
  uint32_t height_;
  unsigned depth_;
  std::vector<uint32_t> values_;
  std::vector<uint8_t> bytes_;
};

// Waves that move by a sample a frame.
Image Waves(uint32_t width, uint32_t height, unsigned depth = 8, int frame = 0) {
  Image image(width, height, depth);
  const double unit = image.peak() / 255.0;
  for (size_t y = 0; y < height; ++y) {
    for (size_t x = 0; x < width; ++x) {
      const double px = static_cast<double>(x) + frame;
      const double py = static_cast<double>(y);
      const double wave = 60 * std::sin(px * 0.35 + py * 0.1) + 30 * std::sin(py * 1.1 - px * 0.8);
      image.At(x, y) = static_cast<uint32_t>((128 + wave) * unit);
    }
  }
  return image;
}

Image Noisy(Image image, double strength, unsigned seed = 7) {
  std::mt19937 random(seed);
  const double unit = image.peak() / 255.0;
  for (size_t y = 0; y < image.height(); ++y) {
    for (size_t x = 0; x < image.width(); ++x) {
      const double draw = (static_cast<double>(random() % 2001) - 1000) / 1000;
      const double value = image.At(x, y) + draw * strength * unit;
      image.At(x, y) = static_cast<uint32_t>(std::clamp<double>(value, 0, image.peak()));
    }
  }
  return image;
}

Image Blurred(Image image, int times) {
  for (int i = 0; i < times; ++i) {
    Image from = image;
    for (size_t y = 0; y < image.height(); ++y) {
      for (size_t x = 0; x < image.width(); ++x) {
        const size_t left = x == 0 ? 0 : x - 1;
        const size_t right = std::min<size_t>(x + 1, image.width() - 1);
        const size_t above = y == 0 ? 0 : y - 1;
        const size_t below = std::min<size_t>(y + 1, image.height() - 1);
        image.At(x, y) = (from.At(left, y) + from.At(right, y) + from.At(x, above) +
                          from.At(x, below) + 2 * from.At(x, y)) /
                         6;
      }
    }
  }
  return image;
}

std::vector<double> Clip(Image reference, Image distorted) {
  Extractor extractor;
  extractor.Add(0, reference.Get(), distorted.Get());
  return extractor.Clip();
}

double Of(const std::vector<double>& clip, std::string_view name) {
  const auto at = std::find(Names().begin(), Names().end(), name);
  return clip.at(static_cast<size_t>(at - Names().begin()));
}

bool Finite(double value) {
  return std::isfinite(value);
}

TEST(FeaturesTest, NamesAreUniqueAndAsManyAsNumbers) {
  std::vector<std::string_view> names(Names().begin(), Names().end());
  std::sort(names.begin(), names.end());

  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(Extractor().Clip().size(), Names().size());
}

TEST(FeaturesTest, LooksAtTwoNeighboursOfEveryEightFrames) {
  std::vector<uint64_t> sampled;
  for (uint64_t frame = 0; frame < 18; ++frame) {
    if (IsSampled(frame)) sampled.push_back(frame);
  }

  EXPECT_EQ(sampled, (std::vector<uint64_t>{0, 1, 8, 9, 16, 17}));
}

TEST(FeaturesTest, IsAllZeroWithoutFrames) {
  EXPECT_THAT(Extractor().Clip(), Each(0.0));

  Extractor extractor;
  Image image = Waves(16, 16);
  extractor.Add(3, image.Get(), image.Get());  // not sampled
  EXPECT_THAT(extractor.Clip(), Each(0.0));
}

TEST(FeaturesTest, TellsThatNothingChanged) {
  const auto clip = Clip(Waves(64, 48), Waves(64, 48));

  for (const char* name : {"vif_scale0", "vif_scale3", "vif_low", "detail_scale0", "ssim_scale0",
                           "ssim_scale2", "contrast"}) {
    EXPECT_NEAR(Of(clip, name), 1, 0.01) << name;
  }
  for (const char* name : {"added_scale0", "activity_ratio", "blockiness", "brightness"}) {
    EXPECT_NEAR(Of(clip, name), 0, 1e-6) << name;
  }
  EXPECT_NEAR(Of(clip, "psnr"), 1, 1e-9);
}

TEST(FeaturesTest, FallsWithMoreNoise) {
  const Image reference = Waves(64, 64);
  const auto little = Clip(reference, Noisy(reference, 5));
  const auto much = Clip(reference, Noisy(reference, 40));

  for (const char* name : {"vif_scale0", "vif_scale1", "ssim_scale0", "ssim_low", "psnr"}) {
    EXPECT_GT(Of(little, name), Of(much, name)) << name;
  }
  EXPECT_LT(Of(little, "added_scale0"), Of(much, "added_scale0"));
  EXPECT_GT(Of(much, "activity_ratio"), 0);
}

TEST(FeaturesTest, FallsWithMoreBlur) {
  const Image reference = Waves(64, 64);
  const auto little = Clip(reference, Blurred(reference, 1));
  const auto much = Clip(reference, Blurred(reference, 6));

  for (const char* name : {"vif_scale0", "vif_scale2", "detail_scale0", "detail_scale1", "psnr"}) {
    EXPECT_GT(Of(little, name), Of(much, name)) << name;
  }
  EXPECT_LT(Of(much, "activity_ratio"), -0.5);
}

TEST(FeaturesTest, SeesBlocksBrightnessAndContrast) {
  Image blocks = Waves(64, 64);
  Image brighter = blocks;
  Image flatter = blocks;
  for (size_t y = 0; y < 64; ++y) {
    for (size_t x = 0; x < 64; ++x) {
      blocks.At(x, y) = Waves(64, 64).At(x / 8 * 8 + 4, y / 8 * 8 + 4);
      brighter.At(x, y) += 20;
      flatter.At(x, y) = 64 + flatter.At(x, y) / 2;
    }
  }

  EXPECT_GT(Of(Clip(Waves(64, 64), blocks), "blockiness"), 0.5);
  EXPECT_NEAR(Of(Clip(Waves(64, 64), brighter), "brightness"), 20 / 255.0, 1e-3);
  EXPECT_NEAR(Of(Clip(Waves(64, 64), flatter), "contrast"), 0.5, 0.02);
}

TEST(FeaturesTest, SeesMotionBetweenNeighboursOnly) {
  Extractor moving;
  Extractor frozen;
  Extractor apart;
  Image first = Waves(64, 64);
  Image second = Waves(64, 64, 8, 2);
  moving.Add(0, first.Get(), first.Get());
  moving.Add(1, second.Get(), second.Get());
  frozen.Add(0, first.Get(), first.Get());
  frozen.Add(1, second.Get(), first.Get());
  apart.Add(0, first.Get(), first.Get());
  apart.Add(8, second.Get(), second.Get());

  EXPECT_GT(Of(moving.Clip(), "motion"), 0.5);
  EXPECT_EQ(Of(moving.Clip(), "motion_change"), 0);
  EXPECT_LT(Of(frozen.Clip(), "motion_change"), -0.5);
  EXPECT_GT(Of(frozen.Clip(), "error_flicker"), 0.5);
  EXPECT_EQ(Of(apart.Clip(), "motion"), 0);
}

TEST(FeaturesTest, MeansTheSameAtEveryBitDepth) {
  const auto eight = Clip(Waves(64, 48, 8), Blurred(Waves(64, 48, 8), 2));
  for (const unsigned depth : {10U, 12U, 16U}) {
    const auto deep = Clip(Waves(64, 48, depth), Blurred(Waves(64, 48, depth), 2));
    for (size_t i = 0; i < eight.size(); ++i) {
      EXPECT_NEAR(deep[i], eight[i], 0.06) << Names()[i] << " at " << depth;
    }
  }
}

TEST(FeaturesTest, IsFiniteForTinyFlatAndHostilePictures) {
  std::mt19937 random(1);
  for (const auto& [width, height] : std::vector<std::pair<uint32_t, uint32_t>>{
           {1, 1}, {8, 8}, {1, 9}, {9, 1}, {17, 13}, {33, 8}, {640, 3}}) {
    for (const unsigned depth : {8U, 10U, 16U}) {
      Image flat(width, height, depth);
      Image wild(width, height, depth);
      for (size_t y = 0; y < height; ++y) {
        for (size_t x = 0; x < width; ++x) {
          // Above the depth too: what a wrong format looks like.
          wild.At(x, y) = random() % (depth == 8 ? 256 : 65536);
        }
      }
      for (auto* reference : {&flat, &wild}) {
        for (auto* distorted : {&flat, &wild}) {
          Extractor extractor;
          extractor.Add(0, reference->Get(), distorted->Get());
          extractor.Add(1, distorted->Get(), reference->Get());
          for (const double value : extractor.Clip()) {
            EXPECT_TRUE(Finite(value)) << width << "x" << height << " at " << depth;
            EXPECT_LT(std::fabs(value), 100) << width << "x" << height << " at " << depth;
          }
        }
      }
    }
  }
}

TEST(FeaturesTest, GivesTheSameNumbersEachTime) {
  const auto once = Clip(Waves(65, 47), Noisy(Waves(65, 47), 9));
  const auto again = Clip(Waves(65, 47), Noisy(Waves(65, 47), 9));

  EXPECT_EQ(once, again);
  EXPECT_THAT(once, testing::Not(Contains(DoubleNear(1e9, 1))));
}

}  // namespace
}  // namespace vmafx::features
