#pragma once

#include <memory>
#include <optional>

#include "vmafx/scoring/reader.h"
#include "vmafx/scoring/score.h"

namespace vmafx::scoring {

// Both sides of a comparison, which must belong together: same size, pixel format and number of
// frames, raw files a whole number of frames. Every error names both sides with their numbers,
// because only the user knows which of them is wrong. One thread at a time.
class VideoPair {
 public:
  // Opens both and checks all that is known before reading. Codes as of Score.
  static base::Result<VideoPair> Open(const ScoreRequest& request, const base::Until& until);

  const Geometry& geometry() const { return reference_->geometry(); }
  // Of both; nullopt when only reading to the end will tell.
  std::optional<uint64_t> expected_frames() const;

  // Reads a frame of each; false when both end. kInvalid when one ends before the other (the rest
  // of the longer one is read to count it), when nothing at all was there, or as of
  // VideoReader::Next.
  base::Result<bool> Next(const FrameTarget& reference, const FrameTarget& distorted,
                          const base::Until& until);

 private:
  VideoPair(std::unique_ptr<VideoReader> reference, std::unique_ptr<VideoReader> distorted)
      : reference_(std::move(reference)), distorted_(std::move(distorted)) {}

  base::Result<> CheckGeometry() const;
  base::Result<> CheckLength() const;
  base::Error UnequalLength(uint64_t reference_frames, uint64_t distorted_frames) const;
  std::string Comparing() const;

  std::unique_ptr<VideoReader> reference_;
  std::unique_ptr<VideoReader> distorted_;
  uint64_t frames_ = 0;  // read of each
};

}  // namespace vmafx::scoring
