#include "vmafx/scoring/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::scoring {
namespace {

using ::testing::HasSubstr;
using testing::MakeClip;
using testing::Side;
using testing::ToY4m;
using testing::WriteClip;

class ReaderTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(60)); }
  std::filesystem::path Write(const std::string& name, std::string_view bytes) {
    return WriteClip(folder_.path(), name, bytes);
  }
  base::Result<std::unique_ptr<VideoReader>> Open(const std::filesystem::path& path,
                                                  std::optional<Geometry> geometry = {}) {
    return OpenVideo({.path = path}, {.geometry = geometry, .geometry_hint = "--size WxH"},
                     until());
  }
  std::string WhyNot(const std::filesystem::path& path, std::optional<Geometry> geometry = {}) {
    auto reader = Open(path, geometry);
    return reader.ok() ? "it was opened" : reader.error().message();
  }

  // All frames with their planes packed: a raw clip again.
  base::Result<std::string> ReadAll(VideoReader& reader) {
    std::string clip;
    std::string frame(FrameBytes(reader.geometry()), '\0');
    while (true) {
      FrameTarget target;
      auto* at = reinterpret_cast<uint8_t*>(frame.data());
      for (int i = 0; i < 3; ++i) {
        Plane plane = PlaneOf(reader.geometry(), i);
        target[static_cast<size_t>(i)] = {at, plane.row_bytes, plane.width, plane.height};
        at += plane.bytes();
      }
      if (!TRY(reader.Next(target, until()))) return clip;
      clip += frame;
    }
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make();
};

TEST_F(ReaderTest, RawFramesComeBackInEveryFormatAndOddSize) {
  for (const std::string& name : PixelFormatNames()) {
    Geometry geometry{65, 47, *ParsePixelFormat(name)};
    std::string clip = MakeClip(geometry, 3, Side::kReference);

    auto reader = Open(Write(name + ".yuv", clip), geometry);

    ASSERT_TRUE(reader.ok()) << reader.error().message();
    EXPECT_EQ((*reader)->length()->frames, 3U);
    auto read = ReadAll(**reader);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(*read, clip) << name;
  }
}

TEST_F(ReaderTest, Y4mFramesComeBackInEveryFormatAndOddSize) {
  for (const std::string& name : PixelFormatNames()) {
    Geometry geometry{65, 47, *ParsePixelFormat(name)};
    std::string clip = MakeClip(geometry, 3, Side::kReference);

    auto reader = Open(Write(name + ".y4m", ToY4m(geometry, clip, "F25:1 Ip A1:1 XCOMMENT")));

    ASSERT_TRUE(reader.ok()) << reader.error().message();
    EXPECT_EQ((*reader)->geometry(), geometry);
    auto read = ReadAll(**reader);
    ASSERT_TRUE(read.ok()) << read.error().message();
    EXPECT_EQ(*read, clip) << name;
  }
}

TEST_F(ReaderTest, PlanesLandInNarrowerAndPaddedMemory) {
  Geometry geometry{33, 35, {Chroma::k420, 10}};
  std::string clip = MakeClip(geometry, 1, Side::kReference);
  auto reader = Open(Write("a.yuv", clip), geometry);
  std::vector<std::string> memory(3, std::string(80 * 35, '\xee'));
  FrameTarget target;
  for (size_t i = 0; i < 3; ++i) {
    // As libvmaf has it: rows padded, chroma rounded down.
    uint32_t halve = i == 0 ? 1 : 2;
    target[i] = {reinterpret_cast<uint8_t*>(memory[i].data()), 80, 33 / halve, 35 / halve};
  }

  auto read = (*reader)->Next(target, until());

  ASSERT_TRUE(read.ok() && *read);
  size_t plane_at = 0;
  for (size_t i = 0; i < 3; ++i) {
    Plane plane = PlaneOf(geometry, static_cast<int>(i));
    for (uint32_t row = 0; row < target[i].height; ++row) {
      size_t bytes = target[i].width * 2;
      ASSERT_EQ(memory[i].substr(row * 80, bytes),
                clip.substr(plane_at + row * plane.row_bytes, bytes));
      ASSERT_EQ(memory[i].substr(row * 80 + bytes, 80 - bytes), std::string(80 - bytes, '\xee'));
    }
    plane_at += plane.bytes();
  }
}

TEST_F(ReaderTest, FramesOfAPipeAreReadAsTheyCome) {
  Geometry geometry{64, 64, {}};
  std::string clip = MakeClip(geometry, 5, Side::kReference);
  std::filesystem::path fifo = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  base::Crew crew;
  crew.Start("writer", [&](const std::stop_token&) {
    sys::Fd fd(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
    for (size_t at = 0; at < clip.size(); at += 1000) {
      std::string_view piece = std::string_view(clip).substr(at, 1000);
      if (write(fd.get(), piece.data(), piece.size()) < 0) return;
    }
  });

  auto reader = Open(fifo, geometry);

  ASSERT_TRUE(reader.ok()) << reader.error().message();
  EXPECT_FALSE((*reader)->length().has_value());
  auto read = ReadAll(**reader);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, clip);
}

// Hands out `bytes` in small pieces, and vouches for the end or does not.
class Pieces final : public ByteStream {
 public:
  Pieces(std::string bytes, std::optional<uint64_t> size, base::Result<> end)
      : bytes_(std::move(bytes)), size_(size), end_(std::move(end)) {}
  std::optional<uint64_t> size() const override { return size_; }
  base::Result<size_t> Read(uint8_t* into, size_t count, const base::Until&) override {
    const size_t got = std::min({count, bytes_.size() - at_, size_t{1000}});
    if (got == 0 && !end_.ok()) return end_.error();
    std::memcpy(into, bytes_.data() + at_, got);
    at_ += got;
    return got;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
  std::optional<uint64_t> size_;
  base::Result<> end_;
};

TEST_F(ReaderTest, ReadsAStreamLikeAFile) {
  const Geometry geometry{66, 47, {}};
  const std::string clip = MakeClip(geometry, 3, Side::kReference);
  const auto raw = std::make_shared<Pieces>(clip, clip.size(), base::Ok());

  auto reader = OpenVideo({.stream = raw, .name = "s3://b/k"}, {.geometry = geometry}, until());

  ASSERT_TRUE(reader.ok()) << reader.error().message();
  EXPECT_EQ((*reader)->length()->frames, 3U);
  EXPECT_EQ((*reader)->name(), "s3://b/k");
  EXPECT_EQ(*ReadAll(**reader), clip);
  const auto y4m = std::make_shared<Pieces>(ToY4m(geometry, clip), std::nullopt, base::Ok());
  EXPECT_EQ(*ReadAll(**OpenVideo({.stream = y4m}, {}, until())), clip);
}

TEST_F(ReaderTest, AStreamThatBreaksIsItsOwnErrorAlsoBetweenTwoFrames) {
  const Geometry geometry{64, 64, {}};
  const std::string clip = MakeClip(geometry, 3, Side::kReference);
  const base::Result<> broken = base::Fail(base::Code::kUnavailable, "s3://b/k: it broke");
  for (const size_t length : {2 * FrameBytes(geometry), 2 * FrameBytes(geometry) + 99}) {
    const auto stream = std::make_shared<Pieces>(clip.substr(0, length), std::nullopt, broken);
    auto reader = OpenVideo({.stream = stream}, {.geometry = geometry}, until());
    ASSERT_TRUE(reader.ok()) << reader.error().message();

    auto read = ReadAll(**reader);

    ASSERT_TRUE(read.Is(base::Code::kUnavailable)) << length;
    EXPECT_EQ(read.error().message(), "s3://b/k: it broke");
  }
}

TEST_F(ReaderTest, AContainerCannotBeStreamed) {
  const auto stream =
      std::make_shared<Pieces>("\x1a\x45\xdf\xa3 and so on", std::nullopt, base::Ok());

  auto reader = OpenVideo({.stream = stream, .name = "s3://b/k"}, {}, until());

  ASSERT_TRUE(reader.Is(base::Code::kInvalid));
  EXPECT_THAT(reader.error().message(), HasSubstr("can only be decoded from a file"));
}

TEST_F(ReaderTest, WaitingForAPipeEndsWithTheStopToken) {
  std::filesystem::path fifo = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::stop_source stop;
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) { stop.request_stop(); });

  auto reader = OpenVideo({.path = fifo}, {.geometry = Geometry{64, 64, {}}},
                          until().Stopping(stop.get_token()));

  EXPECT_TRUE(reader.Is(base::Code::kCancelled));
}

TEST_F(ReaderTest, ContainersAreRefusedByContentAndByName) {
  Geometry geometry{64, 64, {}};
  std::string clip = MakeClip(geometry, 1, Side::kReference);
  std::string webm = "\x1a\x45\xdf\xa3" + clip;
  std::string mp4 = std::string("\0\0\0\x20", 4) + "ftypisom" + clip;
  std::string ts(1000, '\0');
  for (size_t at = 0; at < ts.size(); at += 188) ts[at] = 0x47;

  EXPECT_THAT(WhyNot(Write("a.yuv", webm), geometry), HasSubstr("is Matroska or WebM"));
  EXPECT_THAT(WhyNot(Write("b.yuv", mp4), geometry),
              HasSubstr("only raw YUV and Y4M are read without"));
  EXPECT_THAT(WhyNot(Write("c", ts), geometry), HasSubstr("MPEG transport stream"));
  EXPECT_THAT(WhyNot(Write("d.H264", clip), geometry), HasSubstr("is H.264"));
}

TEST_F(ReaderTest, RawWithoutGeometrySaysHowToGiveIt) {
  EXPECT_THAT(WhyNot(Write("a.yuv", "abc")),
              HasSubstr("give width, height and pixel format (--size WxH)"));
}

TEST_F(ReaderTest, WhatIsNotThereOrEmptyOrAFolderIsNamed) {
  EXPECT_TRUE(Open(folder_.path() / "none.yuv").Is(base::Code::kNotFound));
  EXPECT_THAT(WhyNot(folder_.path()), HasSubstr("is a directory"));
  EXPECT_THAT(WhyNot(Write("empty.yuv", "")), HasSubstr("empty.yuv: is empty"));
}

TEST_F(ReaderTest, AY4mHeaderMustAgreeWithTheGeometryThatWasGiven) {
  Geometry geometry{64, 64, {}};
  auto path = Write("a.y4m", ToY4m(geometry, MakeClip(geometry, 1, Side::kReference)));

  EXPECT_TRUE(Open(path, geometry).ok());
  EXPECT_THAT(WhyNot(path, Geometry{64, 32, {}}),
              HasSubstr("a.y4m: it is 64x64 yuv420p, but 64x32 yuv420p was asked for"));
}

TEST_F(ReaderTest, AHeaderWithoutEndIsNotReadForEver) {
  EXPECT_THAT(WhyNot(Write("a.y4m", "YUV4MPEG2 " + std::string(100000, 'X'))),
              HasSubstr("longer than 4096 bytes"));
  EXPECT_THAT(WhyNot(Write("b.y4m", "YUV4MPEG2 W64 H64")),
              HasSubstr("ends in the middle of a header line"));
}

TEST_F(ReaderTest, AY4mFrameThatIsCutShortOrHasNoMarkIsAnError) {
  Geometry geometry{64, 64, {}};
  std::string good = ToY4m(geometry, MakeClip(geometry, 2, Side::kReference));
  auto why = [&](const std::string& bytes) {
    auto reader = Open(Write("a.y4m", bytes));
    auto read = ReadAll(**reader);
    return read.ok() ? "it was read" : read.error().message();
  };

  EXPECT_THAT(why(good.substr(0, good.size() - 100)),
              HasSubstr("frame 1 is cut short: 6044 of 6144"));
  EXPECT_THAT(why(good + "FRAME\n"), HasSubstr("frame 2 is cut short: 0 of 6144"));
  EXPECT_THAT(why(good + "FRAMES\n"), HasSubstr("frame 2 does not begin with FRAME"));
  EXPECT_THAT(why(good + "junk"), HasSubstr("middle of a header line"));
}

TEST_F(ReaderTest, SamplesAboveTheBitDepthAreRefused) {
  Geometry geometry{64, 64, {Chroma::k420, 10}};
  std::string clip = MakeClip(geometry, 2, Side::kReference);
  clip[FrameBytes(geometry) + 1] = 4;  // the high byte of the first sample of frame 1: 1024 or more
  auto reader = Open(Write("a.yuv", clip), geometry);

  auto read = ReadAll(**reader);

  ASSERT_TRUE(read.Is(base::Code::kInvalid));
  EXPECT_THAT(read.error().message(), HasSubstr("frame 1 holds samples above 1023"));
}

}  // namespace
}  // namespace vmafx::scoring
