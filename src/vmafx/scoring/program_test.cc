// The program `vmafx score`, run as a user runs it.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sys/fd.h"
#include "sys/files.h"
#include "sys/process.h"
#include "vmafx/scoring/testing/clips.h"
#include "vmafx/scoring/testing/referee.h"

namespace vmafx::scoring {
namespace {

using ::testing::HasSubstr;
using testing::MakeClip;
using testing::Side;
using testing::ToY4m;
using testing::WriteClip;

class ProgramTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(120)); }
  std::filesystem::path Write(const std::string& name, std::string_view bytes) {
    return WriteClip(folder_.path(), name, bytes);
  }
  sys::Command Command(std::vector<std::string> words) {
    words.insert(words.begin(), std::string(std::getenv("SEATRIAL_PROGRAM_DIR")) + "/vmafx");
    return {.argv = std::move(words)};
  }
  sys::Exit RunScore(std::vector<std::string> words) {
    words.insert(words.begin(), "score");
    auto exit = sys::Run(Command(std::move(words)), until());
    EXPECT_TRUE(exit.ok()) << exit.error().message();
    return exit.ok() ? *exit : sys::Exit{.status = -1};
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make();
  Geometry geometry_{64, 64, {}};
  std::string ref_ = Write("ref.yuv", MakeClip(geometry_, 3, Side::kReference));
  std::string dist_ = Write("dist.yuv", MakeClip(geometry_, 3, Side::kDistorted));
  std::vector<std::string> raw_ = {ref_, dist_, "--size", "64x64", "--pixel-format", "yuv420p"};

  std::vector<std::string> RawAnd(std::vector<std::string> more) {
    more.insert(more.begin(), raw_.begin(), raw_.end());
    return more;
  }
};

TEST_F(ProgramTest, PrintsATableForPeople) {
  auto exit = RunScore(RawAnd({"--frames"}));

  EXPECT_EQ(exit.status, 0) << exit.output;
  EXPECT_THAT(exit.output, HasSubstr("harmonic mean"));
  EXPECT_THAT(exit.output, HasSubstr("3 frames of 64x64 yuv420p, model vmaf_v0.6.1, libvmaf"));
  EXPECT_THAT(exit.output, HasSubstr("vif_scale3"));
  EXPECT_THAT(exit.output, HasSubstr("\n       2 "));
}

TEST_F(ProgramTest, PrintsOneJsonObjectForPrograms) {
  auto exit = RunScore(RawAnd({"--json", "--frames", "--threads", "2"}));

  ASSERT_EQ(exit.status, 0) << exit.output;
  auto json = nlohmann::json::parse(exit.output, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << exit.output;
  EXPECT_EQ(json["frames"].size(), 3U);
  EXPECT_EQ(json["provenance"]["framesScored"], 3);
}

TEST_F(ProgramTest, BadUsageIsExitCode2) {
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {
      {{}, "REF is required"},
      {{ref_}, "DIST is required"},
      {{ref_, dist_, "--size", "64x64"}, "--pixel-format is missing"},
      {{ref_, dist_, "--pixel-format", "yuv420p"}, "--size is missing"},
      {{ref_, dist_, "--size", "64", "--pixel-format", "yuv420p"}, "is not WIDTHxHEIGHT"},
      {{ref_, dist_, "--size", "0x64", "--pixel-format", "yuv420p"}, "cannot be scored"},
      {{ref_, dist_, "--size", "64x64", "--pixel-format", "yuv421p"}, "did you mean"},
      {RawAnd({"--threads", "0"}), "--threads"},
      {RawAnd({"--jsno"}), "--jsno"},
  };
  for (const auto& [words, says] : cases) {
    auto exit = RunScore(words);
    EXPECT_EQ(exit.status, 2) << says;
    EXPECT_THAT(exit.output, HasSubstr(says));
  }
}

TEST_F(ProgramTest, WhatCannotBeScoredIsExitCode3AndPrintsNoScore) {
  std::string y4m = ToY4m(geometry_, MakeClip(geometry_, 3, Side::kReference));
  std::string cut = Write("cut.yuv", std::string(10000, 'x'));
  std::string shorter = Write("short.yuv", MakeClip(geometry_, 2, Side::kDistorted));
  auto raw = [&](const std::string& distorted) {
    return std::vector<std::string>{ref_,    distorted,        "--size",
                                    "64x64", "--pixel-format", "yuv420p"};
  };
  const struct {
    std::vector<std::string> words;
    const char* says;
  } cases[] = {
      {{ref_, dist_}, "(--size WIDTHxHEIGHT --pixel-format FORMAT)"},
      {raw(folder_.path() / "none.yuv"), "none.yuv: No such file or directory"},
      {raw(folder_.path()), "is a directory"},
      {raw(cut), "10000 bytes are 1 frame and 3856 bytes over"},
      {raw(shorter), "has 3 frames, distorted"},
      {{Write("a.y4m", y4m), Write("b.mp4", y4m.substr(100))}, "is MP4 or QuickTime"},
      {{Write("c.y4m", "YUV4MPEG2 W64\n"), ref_}, "the header has no tag H"},
      {RawAnd({"--model", "vmaf_v0.6"}), "unknown model \"vmaf_v0.6\""},
  };
  for (const auto& [words, says] : cases) {
    auto exit = RunScore(words);
    EXPECT_EQ(exit.status, 3) << says;
    EXPECT_THAT(exit.output, HasSubstr(says));
    EXPECT_EQ(exit.output.find("VMAF "), std::string::npos) << exit.output;
  }
}

TEST_F(ProgramTest, ScoresContainersWithTheFfmpegThatItIsGiven) {
  auto referee = testing::Referee::Find(until());
  ASSERT_TRUE(referee.ok()) << referee.error().message();
  const std::string mkv = folder_.path() / "dist.mkv";
  auto made =
      sys::RunOrFail({.argv = {referee->program(), "-nostdin", "-v", "error", "-f", "rawvideo",
                               "-s", "64x64", "-i", dist_, "-c:v", "ffv1", mkv}},
                     until());
  ASSERT_TRUE(made.ok()) << made.error().message();
  auto raw = RunScore(RawAnd({"--json"}));
  std::vector<std::string> words = RawAnd({"--json", "--ffmpeg", referee->program()});
  words[1] = mkv;

  auto mixed = RunScore(words);

  ASSERT_EQ(mixed.status, 0) << mixed.output;
  EXPECT_EQ(nlohmann::json::parse(mixed.output)["vmaf"], nlohmann::json::parse(raw.output)["vmaf"]);
  words.back() = "/nonexistent/ffmpeg";
  EXPECT_THAT(RunScore(words).output, HasSubstr("--ffmpeg: /nonexistent/ffmpeg: no such program"));
}

TEST_F(ProgramTest, HelpHasExamplesAndExitCodes) {
  auto exit = RunScore({"--help"});

  EXPECT_EQ(exit.status, 0);
  EXPECT_THAT(exit.output, HasSubstr("vmafx score ref.yuv dist.yuv --size 1920x1080"));
  EXPECT_THAT(exit.output, HasSubstr("130 interrupted"));
}

TEST_F(ProgramTest, CtrlCWhileWaitingForAPipeIsExitCode130) {
  std::string pipe = folder_.path() / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  auto process = sys::Process::Start(Command({"score", pipe, pipe}));
  ASSERT_TRUE(process.ok());
  // Opens once the program has opened its end, so its signals are set up by then.
  sys::Fd writer(open(pipe.c_str(), O_WRONLY | O_CLOEXEC));

  process->Signal(SIGINT);
  auto exit = process->Wait(until());

  ASSERT_TRUE(exit.ok()) << exit.error().message();
  EXPECT_EQ(exit->status, 130);
  EXPECT_EQ(exit->signal, 0) << "it was killed rather than stopped";
}

}  // namespace
}  // namespace vmafx::scoring
