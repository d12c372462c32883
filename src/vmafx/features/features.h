#pragma once

// vmafx/features: cheap numbers about how two pictures differ, from which the student
// (vmafx/trainer) predicts what the exact score would be. No library, no I/O: planes in, numbers
// out. What each number means: doc/trainer.md.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace vmafx::features {

// One luma plane, rows of 8-bit samples or of little-endian 16-bit ones (depth above 8).
struct Plane {
  const uint8_t* data = nullptr;
  size_t stride = 0;  // bytes from row to row
  uint32_t width = 0;
  uint32_t height = 0;
  unsigned bit_depth = 8;  // 8, 10, 12, 16
};

// Names of the features of a clip, in the documented order (doc/trainer.md) in which they travel
// and are trained on. The order is part of a model: it is published by the trainer and written into
// each checkpoint; a feature is only ever added under a new model version.
std::span<const std::string_view> Names();

// Which frames are looked at: the first two of every eight (motion needs neighbours), so that the
// cost stays far below that of the exact score.
inline constexpr uint64_t kEvery = 8;
inline constexpr uint64_t kNeighbours = 2;
inline bool IsSampled(uint64_t frame) {
  return frame % kEvery < kNeighbours;
}

// The features of one clip, gathered frame by frame. Memory: about half a frame, as floats. One
// thread.
class Extractor {
 public:
  Extractor();
  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;
  ~Extractor();

  // Takes the pair of frame number `frame`, in rising order; does nothing unless IsSampled(frame).
  // Both planes have the same size and depth, which does not change from call to call; nothing is
  // kept of them.
  void Add(uint64_t frame, const Plane& reference, const Plane& distorted);

  // Names().size() finite numbers; all zero when no frame was added. The same frames give the same
  // numbers, to the last bit.
  std::vector<double> Clip() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vmafx::features
