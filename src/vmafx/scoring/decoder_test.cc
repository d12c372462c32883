#include "vmafx/scoring/decoder.h"

#include <sys/stat.h>

#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "sys/files.h"
#include "vmafx/scoring/score.h"
#include "vmafx/scoring/testing/clips.h"
#include "vmafx/scoring/testing/referee.h"

namespace vmafx::scoring {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeClip;
using testing::Side;
using testing::WriteClip;

const Geometry kSmall{64, 64, {}};

// Real files of real encoders, scored through the real decoder.
class DecoderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto referee = testing::Referee::Find(until());
    ASSERT_TRUE(referee.ok()) << referee.error().message();
    ffmpeg_ = referee->program();
  }

  base::Until until() { return base::Until::After(clock_, seconds(120)); }

  void Ffmpeg(std::vector<std::string> words) {
    words.insert(words.begin(), {ffmpeg_, "-nostdin", "-v", "error", "-y"});
    auto made = sys::RunOrFail({.argv = std::move(words)}, until());
    ASSERT_TRUE(made.ok()) << made.error().message();
  }

  // The raw clip encoded without loss; the container by the ending of `name`.
  fs::path Encode(const std::string& name, const fs::path& raw, const Geometry& geometry,
                  std::vector<std::string> codec = {"-c:v", "libx264", "-qp", "0"}) {
    const fs::path path = folder_.path() / name;
    std::vector<std::string> words = {
        "-f",       "rawvideo",
        "-s",       fmt::format("{}x{}", geometry.width, geometry.height),
        "-pix_fmt", ToString(geometry.pixel_format),
        "-i",       raw};
    words.insert(words.end(), codec.begin(), codec.end());
    words.push_back(path);
    Ffmpeg(words);
    return path;
  }

  fs::path Write(const std::string& name, std::string_view bytes) {
    return WriteClip(folder_.path(), name, bytes);
  }

  fs::path Raw(Side side, const Geometry& geometry = kSmall, int frames = 12) {
    return Write(side == Side::kReference ? "ref.yuv" : "dist.yuv",
                 MakeClip(geometry, frames, side));
  }

  ScoreRequest Pair(const fs::path& reference, const fs::path& distorted) {
    ScoreRequest request;
    request.reference.path = reference;
    request.distorted.path = distorted;
    request.ffmpeg = ffmpeg_;
    return request;
  }

  // A pair of lossless MP4s with their index in front.
  ScoreRequest Mp4s() {
    const std::vector<std::string> codec = {"-c:v", "libx264",   "-qp",
                                            "0",    "-movflags", "+faststart"};
    return Pair(Encode("ref.mp4", Raw(Side::kReference), kSmall, codec),
                Encode("dist.mp4", Raw(Side::kDistorted), kSmall, codec));
  }

  std::string WhyNot(const ScoreRequest& request) {
    auto report = Score(request, until());
    return report.ok() ? fmt::format("it was scored: {}", report->vmaf.mean)
                       : report.error().message();
  }
  std::string WhyNot(const fs::path& distorted) {
    ScoreRequest request = Mp4s();
    request.distorted.path = distorted;
    return WhyNot(request);
  }

  std::string Read(const fs::path& path) { return *sys::ReadFile(path); }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("decoder");
  std::string ffmpeg_;
};

TEST_F(DecoderTest, LosslessContainersScoreAsTheirRawPair) {
  const struct {
    Geometry geometry;
    const char* ending;
    std::vector<std::string> codec;
  } cases[] = {{kSmall, "mp4", {"-c:v", "libx264", "-qp", "0"}},
               {{66, 50, {}}, "mov", {"-c:v", "libx264", "-qp", "0"}},
               {{72, 64, {Chroma::k422, 10}}, "mkv", {"-c:v", "ffv1"}},
               {{64, 96, {Chroma::k444, 12}}, "mkv", {"-c:v", "ffv1"}},
               {kSmall, "webm", {"-c:v", "libvpx-vp9", "-lossless", "1"}},
               {kSmall, "avi", {"-c:v", "ffv1"}},
               {kSmall, "ts", {"-c:v", "libx264", "-qp", "0"}},
               {kSmall, "h264", {"-c:v", "libx264", "-qp", "0"}}};
  for (const auto& [geometry, ending, codec] : cases) {
    const fs::path reference = Raw(Side::kReference, geometry);
    const fs::path distorted = Raw(Side::kDistorted, geometry);
    ScoreRequest raw = Pair(reference, distorted);
    raw.geometry = geometry;
    auto expected = Score(raw, until());
    ASSERT_TRUE(expected.ok()) << expected.error().message();

    auto report = Score(Pair(Encode(std::string("r.") + ending, reference, geometry, codec),
                             Encode(std::string("d.") + ending, distorted, geometry, codec)),
                        until());

    ASSERT_TRUE(report.ok()) << ending << ": " << report.error().message();
    EXPECT_EQ(report->geometry, geometry) << ending;
    EXPECT_EQ(report->frames.size(), 12U) << ending;
    EXPECT_EQ(report->vmaf.mean, expected->vmaf.mean) << ending;
  }
}

TEST_F(DecoderTest, AContainerCanBeComparedWithRawVideo) {
  ScoreRequest request = Mp4s();
  auto both = Score(request, until());
  request.reference.path = Raw(Side::kReference);
  request.geometry = kSmall;
  auto mixed = Score(request, until());

  ASSERT_TRUE(both.ok()) << both.error().message();
  ASSERT_TRUE(mixed.ok()) << mixed.error().message();
  EXPECT_EQ(mixed->vmaf.mean, both->vmaf.mean);
}

TEST_F(DecoderTest, ComparesFramesByTheirNumberWhateverTheirTimestamps) {
  const fs::path reference = Raw(Side::kReference);
  const fs::path distorted = Raw(Side::kDistorted);
  auto expected = Score(Mp4s(), until());
  const std::vector<std::string> jumping = {
      "-vf",       "setpts=if(mod(N\\,3)\\,N*3\\,N*3+2.9)/(25*TB)",
      "-fps_mode", "passthrough",
      "-c:v",      "libx264",
      "-qp",       "0"};
  const std::vector<std::string> slow = {"-vf",  "setpts=N*5/TB", "-fps_mode", "passthrough",
                                         "-c:v", "libx264",       "-qp",       "0"};

  auto varying = Score(
      Pair(Encode("vr.mkv", reference, kSmall, jumping), Encode("vd.mp4", distorted, kSmall, slow)),
      until());

  ASSERT_TRUE(expected.ok()) << expected.error().message();
  ASSERT_TRUE(varying.ok()) << varying.error().message();
  EXPECT_EQ(varying->frames.size(), 12U);
  EXPECT_EQ(varying->vmaf.mean, expected->vmaf.mean);
}

TEST_F(DecoderTest, AnMp4CutInTheMiddleIsAnErrorThatSaysWhere) {
  ScoreRequest request = Mp4s();
  const std::string whole = Read(request.distorted.path);
  request.distorted.path = Write("cut.mp4", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("distorted: "), HasSubstr("cut.mp4: it is cut short"),
                    HasSubstr("box \"mdat\"")));

  const std::string late = Read(Encode("late.mp4", Raw(Side::kDistorted), kSmall));
  EXPECT_THAT(WhyNot(Write("late.mp4", late.substr(0, late.size() / 2))), HasSubstr("cut short"));
}

TEST_F(DecoderTest, AnMp4WithoutItsIndexIsAnErrorInFfmpegsWords) {
  const std::string late = Read(Encode("late.mp4", Raw(Side::kDistorted), kSmall));
  const size_t index = late.find("moov") - 4;

  EXPECT_THAT(WhyNot(Write("late.mp4", late.substr(0, index))),
              AllOf(HasSubstr("ffmpeg says: moov atom not found"), HasSubstr("compare it with")));
}

TEST_F(DecoderTest, DamageInTheMiddleIsAnErrorNotAScore) {
  std::string bytes = Read(Mp4s().distorted.path);
  const size_t at = bytes.find("mdat") + (bytes.size() - bytes.find("mdat")) / 2;
  std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), 900, '\x55');

  EXPECT_THAT(WhyNot(Write("damaged.mp4", bytes)), HasSubstr("cannot be decoded whole"));
}

TEST_F(DecoderTest, AMatroskaFileCutInTheMiddleIsAnErrorAlsoWhereItDoesNotKnowItsLength) {
  const std::string known = Read(Encode("d.mkv", Raw(Side::kDistorted), kSmall));
  EXPECT_THAT(WhyNot(Write("cut.mkv", known.substr(0, known.size() * 2 / 3))),
              HasSubstr("cut short: the segment"));

  const std::string live = Read(Encode("live.mkv", Raw(Side::kDistorted), kSmall,
                                       {"-c:v", "libx264", "-qp", "0", "-live", "1"}));
  EXPECT_THAT(WhyNot(Write("cut.mkv", live.substr(0, live.size() * 2 / 3))),
              HasSubstr("ffmpeg says: File ended prematurely"));
}

TEST_F(DecoderTest, WhatIsNoVideoIsAnErrorWhateverItsName) {
  EXPECT_THAT(WhyNot(Write("empty.mp4", "")), HasSubstr("empty.mp4: is empty"));
  EXPECT_THAT(WhyNot(Write("text.mp4", std::string(5000, 'x'))),
              HasSubstr("text.mp4: cannot be decoded whole; ffmpeg says: "));
  Ffmpeg({"-f", "lavfi", "-i", "sine", "-t", "1", folder_.path() / "sound.mp4"});
  EXPECT_THAT(WhyNot(folder_.path() / "sound.mp4"), HasSubstr("matches no streams"));
  // Raw video by another name is not guessed at.
  EXPECT_THAT(WhyNot(Write("raw.mp4", MakeClip(kSmall, 12, Side::kDistorted))),
              HasSubstr("raw.mp4: cannot be decoded"));
}

TEST_F(DecoderTest, GoesByWhatAFileIsNotByTheEndingOfItsName) {
  ScoreRequest request = Mp4s();
  auto expected = Score(request, until());
  fs::rename(request.reference.path, folder_.path() / "named.yuv");
  request.reference.path = folder_.path() / "named.yuv";
  request.distorted.path = Encode("d.mkv", Raw(Side::kDistorted), kSmall);
  fs::rename(request.distorted.path, folder_.path() / "named.mp4");
  request.distorted.path = folder_.path() / "named.mp4";

  auto report = Score(request, until());

  ASSERT_TRUE(expected.ok() && report.ok()) << report.error().message();
  EXPECT_EQ(report->vmaf.mean, expected->vmaf.mean);
}

TEST_F(DecoderTest, UnequalLengthsAndSizesNameBothSides) {
  ScoreRequest request = Mp4s();
  request.distorted.path = Encode("short.mp4", Raw(Side::kDistorted, kSmall, 9), kSmall);
  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("ref.mp4 has 12 frames"), HasSubstr("short.mp4 has 9 frames")));

  const Geometry wide{96, 64, {}};
  request.distorted.path = Encode("wide.mp4", Raw(Side::kDistorted, wide), wide);
  EXPECT_THAT(WhyNot(request), AllOf(HasSubstr("unequal width"), HasSubstr("64x64 yuv420p"),
                                     HasSubstr("96x64 yuv420p")));

  request = Mp4s();
  request.geometry = Geometry{64, 64, {Chroma::k420, 10}};
  EXPECT_THAT(WhyNot(request), HasSubstr("ref.mp4: it is 64x64 yuv420p, but 64x64 yuv420p10le was "
                                         "asked for"));
}

TEST_F(DecoderTest, PicturesThatCannotBeComparedAreRefused) {
  const Geometry big{128, 96, {}};
  const fs::path first = Encode("a.h264", Raw(Side::kDistorted), kSmall);
  const fs::path second = Encode("b.h264", Raw(Side::kDistorted, big), big);
  EXPECT_THAT(WhyNot(Write("both.h264", Read(first) + Read(second))),
              HasSubstr("changes in the middle of the video"));

  Ffmpeg({"-i", first, "-c:v", "ffv1", "-pix_fmt", "gbrp", folder_.path() / "rgb.mkv"});
  EXPECT_THAT(WhyNot(folder_.path() / "rgb.mkv"), HasSubstr("yuv4mpeg can only handle"));
  Ffmpeg({"-i", first, "-c:v", "ffv1", "-pix_fmt", "gray", folder_.path() / "gray.mkv"});
  EXPECT_THAT(WhyNot(folder_.path() / "gray.mkv"),
              HasSubstr("colour space Cmono cannot be scored"));
}

TEST_F(DecoderTest, APlaylistReachesNoOtherFile) {
  const fs::path secret = Encode("secret.mp4", Raw(Side::kDistorted), kSmall);
  for (const std::string& text :
       {"ffconcat version 1.0\nfile " + secret.string() + "\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n" + secret.string() + "\n#EXT-X-ENDLIST\n",
        std::string("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:1/x.ts\n")}) {
    EXPECT_THAT(WhyNot(Write("list.mp4", text)), HasSubstr("list.mp4: cannot be decoded")) << text;
  }
}

TEST_F(DecoderTest, WithoutFfmpegAContainerIsRefusedWithWhatToInstall) {
  ScoreRequest request = Mp4s();
  request.ffmpeg.clear();
  request.ffmpeg_hint = "--ffmpeg PATH";

  EXPECT_THAT(WhyNot(request),
              HasSubstr("ref.mp4: is MP4 or QuickTime, and there is no ffmpeg here "
                        "to decode it: install ffmpeg 5.1 or newer (--ffmpeg PATH)"));

  request.ffmpeg = "/nonexistent/ffmpeg";
  EXPECT_THAT(WhyNot(request), HasSubstr("/nonexistent/ffmpeg: no such file or directory"));
}

TEST_F(DecoderTest, AProgramThatIsNotFfmpegIsAnErrorWithWhatItSaid) {
  ScoreRequest request = Mp4s();
  request.ffmpeg = "/bin/bash";

  EXPECT_THAT(WhyNot(request), AllOf(HasSubstr("ref.mp4: cannot be decoded"), HasSubstr("bash")));
}

TEST_F(DecoderTest, APipeMustCarryRawVideoOrY4m) {
  ScoreRequest request = Mp4s();
  const fs::path pipe = folder_.path() / "pipe.mp4";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::fstream both(pipe);  // Linux lets one process hold both ends
  both << Read(request.distorted.path).substr(0, 4096) << std::flush;
  request.distorted.path = pipe;

  EXPECT_THAT(WhyNot(request), HasSubstr("only a regular file can be decoded"));
}

TEST_F(DecoderTest, StopsAtOnceWhenAsked) {
  ScoreRequest request = Mp4s();
  std::stop_source stop;
  request.on_frame = [&](uint64_t index, const Luma&, const Luma&) {
    if (index == 3) stop.request_stop();
  };

  auto report = Score(request, until().Stopping(stop.get_token()));

  EXPECT_TRUE(report.Is(base::Code::kCancelled)) << WhyNot(request);
}

TEST(ComplaintsTest, AreTheErrorsWithoutTheirConsequencesAddressesAndRepetitions) {
  EXPECT_THAT(
      Complaints("[info] ffmpeg version 7\n"
                 "[h264 @ 0x55] [error] Invalid NAL unit size (4161 > 791).\n"
                 "[h264 @ 0x55] [error] Invalid NAL unit size (4161 > 791).\n"
                 "[in#0/mov @ 0x1] [vist @ 0x2] [fatal] corrupt input packet in stream 0\n"
                 "[in#0/mov @ 0x1] [error] Task finished with error code: -1\n"
                 "[in#0/mov @ 0x1] [warning] never mind\n"),
      ElementsAre("Invalid NAL unit size (4161 > 791).", "corrupt input packet in stream 0"));
  EXPECT_THAT(Complaints("[error] Error opening input file file:/dev/fd/3.\n"),
              ElementsAre("Error opening input file file:/dev/fd/3."));
  EXPECT_TRUE(Complaints("").empty());
}

TEST(ComplaintsTest, HostileLogsGiveFewShortPrintableLines) {
  EXPECT_EQ(Complaints("[error] \xff\x01\xc3(\n")[0], std::string(3, '?') + "(");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += fmt::format("[error] {} {}\n", i, std::string(5000, 'x'));
  const auto complaints = Complaints(many);
  ASSERT_EQ(complaints.size(), 3U);
  EXPECT_EQ(complaints[0].size(), 300U);
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string log;
    for (int i = 0; i < 40; ++i) log += "[]] error\nfatal@ \xf0"[random() % 18];
    for (const std::string& line : Complaints(log)) {
      EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
    }
  }
}

TEST(JudgeDecoderTest, AnErrorWithExitStatusZeroIsAnErrorAndAKillSaysWhy) {
  EXPECT_TRUE(JudgeDecoder({.output = "[info] all is well\n"}, "a.mkv").ok());
  EXPECT_TRUE(JudgeDecoder({.output = "[error] File ended prematurely\n"}, "a.mkv")
                  .Is(base::Code::kInvalid));
  EXPECT_THAT(
      JudgeDecoder({.status = 1, .output = "ffmpeg: no such library\n"}, "a.mkv").error().message(),
      HasSubstr("ffmpeg says: ffmpeg: no such library"));
  auto killed = JudgeDecoder({.status = 137, .signal = 9}, "a.mkv");
  EXPECT_TRUE(killed.Is(base::Code::kInternal));
  EXPECT_THAT(killed.error().message(), HasSubstr("for want of memory"));
  EXPECT_THAT(JudgeDecoder({.status = 159, .signal = 31}, "a.mkv").error().message(),
              HasSubstr("what its confinement forbids"));
}

}  // namespace
}  // namespace vmafx::scoring
