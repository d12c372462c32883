#include "vmafx/scoring/pair.h"

#include "base/text.h"

namespace vmafx::scoring {
namespace {

std::string CountFrames(uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "frame" : "frames");
}

// "49152 bytes are 8 frames" or "49000 bytes are 7 frames and 5992 bytes over".
std::string Describe(const VideoReader& side) {
  auto length = side.length();
  if (!length) return "of unknown length";
  std::string over =
      length->bytes_over == 0 ? "" : fmt::format(" and {} bytes over", length->bytes_over);
  return fmt::format("{} bytes are {}{}", length->bytes, CountFrames(length->frames), over);
}

base::Result<uint64_t> CountRest(VideoReader& side, const base::Until& until) {
  uint64_t count = 0;
  while (TRY(side.Skip(until))) ++count;
  return count;
}

}  // namespace

base::Result<VideoPair> VideoPair::Open(const ScoreRequest& request, const base::Until& until) {
  const OpenOptions options{request.geometry, request.geometry_hint, request.ffmpeg,
                            request.ffmpeg_hint, request.threads};
  auto reference = TRY(OpenVideo(request.reference, options, until).During("reference"));
  auto distorted = TRY(OpenVideo(request.distorted, options, until).During("distorted"));
  VideoPair pair(std::move(reference), std::move(distorted));
  TRY(pair.CheckGeometry());
  TRY(pair.CheckLength());
  return pair;
}

std::optional<uint64_t> VideoPair::expected_frames() const {
  for (const VideoReader* side : {reference_.get(), distorted_.get()}) {
    if (auto length = side->length()) return length->frames;
  }
  return std::nullopt;
}

base::Result<> VideoPair::CheckGeometry() const {
  const Geometry& a = reference_->geometry();
  const Geometry& b = distorted_->geometry();
  std::vector<std::string> unequal;
  if (a.width != b.width) unequal.emplace_back("width");
  if (a.height != b.height) unequal.emplace_back("height");
  if (a.pixel_format.chroma != b.pixel_format.chroma) unequal.emplace_back("chroma");
  if (a.pixel_format.bit_depth != b.pixel_format.bit_depth) unequal.emplace_back("bit depth");
  if (unequal.empty()) return base::Ok();
  return base::Fail(base::Code::kInvalid, "unequal {}: reference {} is {}, distorted {} is {}",
                    base::Join(unequal, ", "), reference_->name(), ToString(a), distorted_->name(),
                    ToString(b));
}

base::Result<> VideoPair::CheckLength() const {
  auto a = reference_->length();
  auto b = distorted_->length();
  bool whole = (!a || a->bytes_over == 0) && (!b || b->bytes_over == 0);
  if (!whole) {
    return base::Fail(
        base::Code::kInvalid,
        "not a whole number of frames: reference {}: {}; distorted {}: {}; a frame of "
        "{} has {} bytes: check the size and the pixel format",
        reference_->name(), Describe(*reference_), distorted_->name(), Describe(*distorted_),
        ToString(geometry()), FrameBytes(geometry()));
  }
  if (a && b && a->frames != b->frames) return UnequalLength(a->frames, b->frames);
  return base::Ok();
}

base::Error VideoPair::UnequalLength(uint64_t reference_frames, uint64_t distorted_frames) const {
  return base::Fail(base::Code::kInvalid,
                    "unequal length: reference {} has {}, distorted {} has {}", reference_->name(),
                    CountFrames(reference_frames), distorted_->name(),
                    CountFrames(distorted_frames));
}

std::string VideoPair::Comparing() const {
  return fmt::format("comparing reference {} ({}) with distorted {} ({}), {} read of each",
                     reference_->name(), ToString(reference_->geometry()), distorted_->name(),
                     ToString(distorted_->geometry()), CountFrames(frames_));
}

base::Result<bool> VideoPair::Next(const FrameTarget& reference, const FrameTarget& distorted,
                                   const base::Until& until) {
  bool more_reference = TRY(reference_->Next(reference, until).During(Comparing()));
  bool more_distorted = TRY(distorted_->Next(distorted, until).During(Comparing()));
  if (more_reference != more_distorted) {
    VideoReader& longer = more_reference ? *reference_ : *distorted_;
    uint64_t most = frames_ + 1 + TRY(CountRest(longer, until).During(Comparing()));
    return more_reference ? UnequalLength(most, frames_) : UnequalLength(frames_, most);
  }
  if (!more_reference && frames_ == 0) {
    return base::Fail(base::Code::kInvalid,
                      "no frames: reference {} and distorted {} have 0 frames", reference_->name(),
                      distorted_->name());
  }
  if (more_reference) ++frames_;
  return more_reference;
}

}  // namespace vmafx::scoring
