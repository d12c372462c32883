// The bytes of a video: Y4M, a container's signature, or raw YUV. The first byte says what the user
// gave as geometry, and into which pieces a download cuts the stream.

#include <algorithm>
#include <memory>
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "vmafx/scoring/reader.h"
#include "vmafx/scoring/y4m.h"

namespace {

using namespace vmafx::scoring;  // NOLINT

constexpr size_t kLargestFrame = size_t{1} << 20;
constexpr auto kLimit = std::chrono::seconds(60);

class Memory final : public ByteStream {
 public:
  Memory(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  std::optional<uint64_t> size() const override { return std::nullopt; }
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until&) override {
    const size_t got = std::min({count, piece_, bytes_.size()});
    std::copy_n(bytes_.data(), got, into);
    bytes_.remove_prefix(got);
    return got;
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

// Frames that are read, or skipped, until the end or the first error.
struct Frames {
  uint64_t count = 0;
  bool whole = false;  // it ended with the end
};

Frames ReadAll(VideoReader& reader, bool skip, const base::Until& until) {
  const Geometry geometry = reader.geometry();
  std::vector<uint8_t> memory(FrameBytes(geometry));
  FrameTarget target;
  uint8_t* at = memory.data();
  for (int i = 0; i < 3; ++i) {
    const Plane plane = PlaneOf(geometry, i);
    target[static_cast<size_t>(i)] = {at, plane.row_bytes, plane.width, plane.height};
    at += plane.bytes();
  }
  Frames frames;
  while (true) {
    const auto next = skip ? reader.Skip(until) : reader.Next(target, until);
    if (!next.ok() || !*next) {
      frames.whole = next.ok();
      return frames;
    }
    ++frames.count;
  }
}

std::optional<Geometry> Given(uint8_t choice) {
  if (choice % 3 == 0) return std::nullopt;
  Geometry geometry{32, 34, {}};
  if (choice % 3 == 2) geometry.pixel_format = {Chroma::k422, 10};
  return geometry;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static base::SystemClock clock;
  const auto until = base::Until::After(clock, kLimit);
  const std::string_view bytes = fuzz::Text(data + 1, size - 1);
  const size_t piece = data[0] >= 128 ? size_t{data[0]} - 127 : bytes.size() + 1;
  OpenOptions options;
  options.geometry = Given(data[0]);
  Frames seen[2];
  for (const bool skip : {false, true}) {
    Input input;
    input.stream = std::make_shared<Memory>(bytes, piece);
    input.name = "clip";
    const auto reader = OpenVideo(input, options, until);
    if (!reader.ok()) {
      CHECK(!reader.error().message().empty());
      return 0;
    }
    CHECK(Validate((*reader)->geometry()).ok());
    if (FrameBytes((*reader)->geometry()) > kLargestFrame) return 0;
    seen[skip ? 1 : 0] = ReadAll(**reader, skip, until);
  }
  // Reading also checks the samples, so it may stop where skipping goes on.
  CHECK(seen[0].count <= seen[1].count);
  CHECK(!seen[0].whole || (seen[1].whole && seen[0].count == seen[1].count));
  return 0;
}
