#include "vmafx/scoring/reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "vmafx/scoring/byte_source.h"
#include "vmafx/scoring/container.h"
#include "vmafx/scoring/decoder.h"
#include "vmafx/scoring/y4m.h"

namespace vmafx::scoring {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are read as they are stored");

// A first line longer than this is hostile; real ones are below 200 bytes.
constexpr size_t kLongestHeader = 4096;

// Every bit that is set in any sample of the row.
uint16_t BitsOf(const uint8_t* row, size_t samples) {
  uint16_t bits = 0;
  for (size_t i = 0; i < samples; ++i) {
    uint16_t sample;
    std::memcpy(&sample, row + 2 * i, 2);
    bits = static_cast<uint16_t>(bits | sample);
  }
  return bits;
}

// What raw and Y4M share: planes one after the other, rows without padding.
class PlanarReader : public VideoReader {
 public:
  PlanarReader(ByteSource source, const Geometry& geometry)
      : source_(std::move(source)), geometry_(geometry) {}

  const std::string& name() const override { return source_.name(); }
  const Geometry& geometry() const override { return geometry_; }

  base::Result<bool> Next(const FrameTarget& into, const base::Until& until) override {
    if (!TRY(BeginFrame(until))) return false;
    size_t done = 0;
    for (int i = 0; i < 3; ++i) {
      size_t got = TRY(ReadPlane(PlaneOf(geometry_, i), into[static_cast<size_t>(i)], until));
      done += got;
      if (got < PlaneOf(geometry_, i).bytes()) return EndOrCut(done);
    }
    ++index_;
    return true;
  }

  base::Result<bool> Skip(const base::Until& until) override {
    if (!TRY(BeginFrame(until))) return false;
    scratch_.resize(FrameBytes(geometry_));
    size_t got = TRY(source_.Read(scratch_.data(), scratch_.size(), until));
    if (got < scratch_.size()) return EndOrCut(got);
    ++index_;
    return true;
  }

 protected:
  // Reads what stands before the planes of a frame; false when there are no more frames.
  virtual base::Result<bool> BeginFrame(const base::Until& until) = 0;
  // Whether the file may end where a frame's first sample would be.
  virtual bool MayEndAtPlanes() const = 0;

  ByteSource& source() { return source_; }
  const ByteSource& source() const { return source_; }
  uint64_t index() const { return index_; }

 private:
  base::Result<bool> EndOrCut(size_t got) const {
    if (got == 0 && MayEndAtPlanes()) return false;
    return base::Fail(base::Code::kInvalid, "{}: frame {} is cut short: {} of {} bytes", name(),
                      index_, got, FrameBytes(geometry_));
  }

  // Returns the bytes read, fewer than the plane has only at the end of the file.
  base::Result<size_t> ReadPlane(const Plane& plane, const PlaneTarget& into,
                                 const base::Until& until) {
    CHECK(into.width <= plane.width && into.height <= plane.height);
    bool as_stored = into.stride == plane.row_bytes && into.height == plane.height;
    if (!as_stored) scratch_.resize(plane.bytes());
    uint8_t* bytes = as_stored ? into.data : scratch_.data();
    size_t got = TRY(source_.Read(bytes, plane.bytes(), until));
    if (got < plane.bytes()) return got;
    TRY(CheckDepth(bytes, size_t{plane.width} * plane.height));
    if (!as_stored) {
      size_t sample_bytes = plane.row_bytes / plane.width;
      for (uint32_t row = 0; row < into.height; ++row) {
        std::memcpy(into.data + row * into.stride, bytes + row * plane.row_bytes,
                    into.width * sample_bytes);
      }
    }
    return got;
  }

  base::Result<> CheckDepth(const uint8_t* samples, size_t count) const {
    int depth = geometry_.pixel_format.bit_depth;
    if (depth == 8 || depth == 16 || BitsOf(samples, count) >> depth == 0) return base::Ok();
    return base::Fail(
        base::Code::kInvalid,
        "{}: frame {} holds samples above {}, so it is not {}: check the pixel format", name(),
        index_, (1 << depth) - 1, ToString(geometry_.pixel_format));
  }

  ByteSource source_;
  Geometry geometry_;
  uint64_t index_ = 0;
  std::vector<uint8_t> scratch_;
};

class RawReader final : public PlanarReader {
 public:
  using PlanarReader::PlanarReader;

  std::optional<Length> length() const override {
    if (!source().size()) return std::nullopt;
    size_t frame = FrameBytes(geometry());
    return Length{*source().size() / frame, *source().size(), *source().size() % frame};
  }

 protected:
  base::Result<bool> BeginFrame(const base::Until&) override { return true; }
  bool MayEndAtPlanes() const override { return true; }
};

class Y4mReader final : public PlanarReader {
 public:
  using PlanarReader::PlanarReader;

  std::optional<Length> length() const override { return std::nullopt; }

 protected:
  base::Result<bool> BeginFrame(const base::Until& until) override {
    auto line = TRY(source().ReadLine(kLongestHeader, until));
    if (!line) return false;
    // Parameters of a frame ("FRAME Ip") do not change where its samples are.
    if (line->starts_with(kY4mFrame) &&
        (line->size() == kY4mFrame.size() || (*line)[kY4mFrame.size()] == ' ')) {
      return true;
    }
    return base::Fail(base::Code::kInvalid, "{}: frame {} does not begin with {}", name(), index(),
                      kY4mFrame);
  }
  bool MayEndAtPlanes() const override { return false; }
};

using Opened = base::Result<std::unique_ptr<VideoReader>>;

Opened OpenY4m(ByteSource source, const OpenOptions& options, const base::Until& until) {
  auto line = TRY(source.ReadLine(kLongestHeader, until));
  auto header = ParseY4mHeader(line.value_or("")).During(source.name());
  if (!header.ok()) return std::move(header).error();
  if (options.geometry && *options.geometry != *header) {
    return base::Fail(base::Code::kInvalid, "{}: it is {}, but {} was asked for", source.name(),
                      ToString(*header), ToString(*options.geometry));
  }
  return std::unique_ptr<VideoReader>(std::make_unique<Y4mReader>(std::move(source), *header));
}

Opened OpenRaw(ByteSource source, const OpenOptions& options) {
  if (!options.geometry) {
    const std::string& hint = options.geometry_hint;
    return base::Fail(
        base::Code::kInvalid,
        "{}: is not Y4M, and raw YUV does not say its own geometry: give width, height "
        "and pixel format{}",
        source.name(), hint.empty() ? "" : fmt::format(" ({})", hint));
  }
  TRY(Validate(*options.geometry).During(source.name()));
  return std::unique_ptr<VideoReader>(
      std::make_unique<RawReader>(std::move(source), *options.geometry));
}

Opened OpenContainer(const Input& input, const std::string& container, const OpenOptions& options,
                     const base::Until& until) {
  const std::string& name = input.shown();
  if (input.stream) {
    return base::Fail(
        base::Code::kInvalid,
        "{}: is {}, which can only be decoded from a file: only raw YUV and Y4M can be "
        "streamed",
        name, container);
  }
  if (options.ffmpeg.empty()) {
    const std::string& hint = options.ffmpeg_hint;
    return base::Fail(base::Code::kInvalid,
                      "{}: is {}, and there is no ffmpeg here to decode it: install ffmpeg 5.1 or "
                      "newer{}; only raw YUV and Y4M are read without",
                      name, container, hint.empty() ? "" : fmt::format(" ({})", hint));
  }
  auto decoder = TRY(OpenDecoder(
      {.file = input.path, .name = name, .program = options.ffmpeg, .threads = options.threads},
      until));
  ByteSource source(name, std::move(decoder));
  if (TRY(source.Peek(1, until)).empty()) {
    return base::Fail(base::Code::kInvalid, "{}: ffmpeg found no frame in it", name);
  }
  return OpenY4m(std::move(source), options, until);
}

}  // namespace

Opened OpenVideo(const Input& input, const OpenOptions& options, const base::Until& until) {
  ByteSource source = input.stream ? ByteSource(input.shown(), input.stream)
                                   : TRY(ByteSource::Open(input.path, input.name));
  std::string_view first = TRY(source.Peek(kContainerBytes, until));
  if (first.empty()) return base::Fail(base::Code::kInvalid, "{}: is empty", source.name());
  if (first.starts_with(kY4mSignature)) {
    return OpenY4m(std::move(source), options, until);
  }
  // The name's ending counts, too; of a link's target it may be anything.
  if (auto container = NameContainer(input.shown(), first)) {
    return OpenContainer(input, *container, options, until);
  }
  return OpenRaw(std::move(source), options);
}

}  // namespace vmafx::scoring
