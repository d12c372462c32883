#include "vmafx/scoring/score.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmath>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/crew.h"
#include "sys/fd.h"
#include "sys/files.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::scoring {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeClip;
using testing::Side;
using testing::ToY4m;
using testing::WriteClip;

const Geometry kSmall{64, 64, {}};

class ScoreTest : public ::testing::Test {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(120)); }
  std::filesystem::path Write(const std::string& name, std::string_view bytes) {
    return WriteClip(folder_.path(), name, bytes);
  }
  ScoreRequest Raw(const Geometry& geometry, int frames) {
    ScoreRequest request;
    request.reference.path = Write("ref.yuv", MakeClip(geometry, frames, Side::kReference));
    request.distorted.path = Write("dist.yuv", MakeClip(geometry, frames, Side::kDistorted));
    request.geometry = geometry;
    return request;
  }
  std::string WhyNot(const ScoreRequest& request) {
    auto report = Score(request, until());
    return report.ok() ? "it was scored" : report.error().message();
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make();
};

TEST_F(ScoreTest, ReportsEveryFrameItsFeaturesAndWhereTheScoreCameFrom) {
  auto report = Score(Raw(kSmall, 6), until());

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_GT(report->vmaf.mean, 1);
  EXPECT_LT(report->vmaf.mean, 95);
  EXPECT_THAT(report->feature_names, ElementsAre("adm2", "motion2", "vif_scale0", "vif_scale1",
                                                 "vif_scale2", "vif_scale3"));
  ASSERT_EQ(report->frames.size(), 6U);
  double sum = 0;
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(report->frames[i].index, i);
    ASSERT_EQ(report->frames[i].features.size(), 6U);
    sum += report->frames[i].vmaf;
  }
  EXPECT_NEAR(report->vmaf.mean, sum / 6, 1e-9);
  EXPECT_EQ(report->geometry, kSmall);
  EXPECT_EQ(report->provenance.engine, "libvmaf");
  EXPECT_FALSE(report->provenance.engine_version.empty());
  EXPECT_EQ(report->provenance.model, "vmaf_v0.6.1");
  EXPECT_EQ(report->provenance.backend_used, "cpu");
  EXPECT_EQ(report->provenance.frames_scored, 6U);
}

TEST_F(ScoreTest, PoolsByTheDocumentedFormulas) {
  auto report = Score(Raw(kSmall, 21), until());  // 5 % of 20 steps is exactly the second lowest

  ASSERT_TRUE(report.ok());
  std::vector<double> sorted;
  double inverse = 0;
  for (const FrameScore& frame : report->frames) {
    sorted.push_back(frame.vmaf);
    inverse += 1 / (frame.vmaf + 1);
  }
  std::sort(sorted.begin(), sorted.end());
  EXPECT_DOUBLE_EQ(report->vmaf.min, sorted[0]);
  EXPECT_NEAR(report->vmaf.p5, sorted[1], 1e-9);
  EXPECT_NEAR(report->vmaf.p1, sorted[0] * 0.8 + sorted[1] * 0.2, 1e-9);
  EXPECT_NEAR(report->vmaf.harmonic_mean, 21 / inverse - 1, 1e-9);
}

TEST_F(ScoreTest, ScoreDoesNotDependOnThreadsOrContainer) {
  ScoreRequest request = Raw(kSmall, 9);
  auto one = Score(request, until());
  request.threads = 4;
  auto four = Score(request, until());
  ScoreRequest y4m = request;
  y4m.geometry.reset();
  y4m.reference.path = Write("ref.y4m", ToY4m(kSmall, MakeClip(kSmall, 9, Side::kReference)));
  y4m.distorted.path = Write("dist.y4m", ToY4m(kSmall, MakeClip(kSmall, 9, Side::kDistorted)));
  auto other = Score(y4m, until());
  y4m.distorted = request.distorted;  // one of each kind
  y4m.geometry = kSmall;
  auto mixed = Score(y4m, until());

  ASSERT_TRUE(one.ok() && four.ok() && other.ok() && mixed.ok());
  EXPECT_EQ(four->vmaf.mean, one->vmaf.mean);
  EXPECT_EQ(other->vmaf.mean, one->vmaf.mean);
  EXPECT_EQ(mixed->vmaf.mean, one->vmaf.mean);
}

TEST_F(ScoreTest, TellsItsProgressAfterEachPairOfFrames) {
  ScoreRequest request = Raw(kSmall, 5);
  request.threads = 3;
  std::vector<uint64_t> seen;
  request.on_progress = [&](const Progress& progress) {
    seen.push_back(progress.done);
    EXPECT_EQ(progress.total, 5U);
  };

  auto report = Score(request, until());

  ASSERT_TRUE(report.ok());
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(ScoreTest, ScoresThatAreToldWhileItRunsAreThoseOfTheReport) {
  size_t told_by_several = 0;
  for (const char* model : {"vmaf_v0.6.1", "vmaf_v0.6.1neg", "vmaf_4k_v0.6.1"}) {
    for (unsigned threads : {1U, 3U}) {
      ScoreRequest request = Raw(kSmall, 60);
      request.model = model;
      request.threads = threads;
      std::vector<double> told;
      request.on_progress = [&](const Progress& progress) {
        told.assign(progress.scores.begin(), progress.scores.end());
      };

      auto report = Score(request, until());

      ASSERT_TRUE(report.ok()) << report.error().message();
      // libvmaf has memory for 2 * threads + 8 pictures, so one thread cannot be further behind.
      // Of several, one may be late with an early frame while the others go on.
      if (threads == 1) {
        ASSERT_GT(told.size(), 40U) << model;
      } else {
        told_by_several += told.size();
      }
      ASSERT_LT(told.size(), 60U) << "the last frame's motion ends with the video";
      for (size_t i = 0; i < told.size(); ++i) EXPECT_EQ(told[i], report->frames[i].vmaf) << i;
    }
  }
  EXPECT_GT(told_by_several, 0U) << "several threads tell nothing before the end";
}

TEST_F(ScoreTest, ModelsThatNeedTheWholeVideoTellNoScoreEarly) {
  ScoreRequest request = Raw({512, 512, {}}, 24);
  request.model = "vmaf_v1.0.16_3d0h";
  size_t told = 0;
  request.on_progress = [&](const Progress& progress) { told += progress.scores.size(); };

  auto report = Score(request, until());

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->frames.size(), 24U);
  EXPECT_EQ(told, 0U);
}

TEST_F(ScoreTest, ShowsTheLumaOfEachPairBeforeItIsScored) {
  const Geometry geometry{66, 47, {Chroma::k420, 10}};
  ScoreRequest request = Raw(geometry, 3);
  const std::string reference = MakeClip(geometry, 3, Side::kReference);
  const std::string distorted = MakeClip(geometry, 3, Side::kDistorted);
  std::vector<uint64_t> seen;
  const auto expect = [&](const Luma& luma, const std::string& clip, uint64_t index) {
    EXPECT_EQ(luma.width, 66U);
    EXPECT_EQ(luma.height, 47U);
    EXPECT_EQ(luma.bit_depth, 10);
    const char* row = clip.data() + index * FrameBytes(geometry);
    for (uint32_t y = 0; y < 47; ++y, row += 132) {
      ASSERT_EQ(std::memcmp(luma.data + y * luma.stride, row, 132), 0) << index << " row " << y;
    }
  };
  request.on_frame = [&](uint64_t index, const Luma& a, const Luma& b) {
    seen.push_back(index);
    expect(a, reference, index);
    expect(b, distorted, index);
  };

  auto report = Score(request, until());

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST_F(ScoreTest, StopsInTheMiddleWhenAsked) {
  ScoreRequest request = Raw(kSmall, 60);
  std::stop_source stop;
  uint64_t done = 0;
  request.on_progress = [&](const Progress& progress) {
    done = progress.done;
    if (done == 3) stop.request_stop();
  };

  auto report = Score(request, until().Stopping(stop.get_token()));

  EXPECT_TRUE(report.Is(base::Code::kCancelled));
  EXPECT_EQ(done, 3U);
}

TEST_F(ScoreTest, OtherModelsGiveOtherScoresAndAnUnknownOneListsThem) {
  ScoreRequest request = Raw(kSmall, 3);
  auto standard = Score(request, until());
  request.model = "vmaf_4k_v0.6.1";
  auto large = Score(request, until());
  request.model = "vmaf_v0.6.1neg";
  auto neg = Score(request, until());
  request.model = "vmaf_v0.6.2";

  ASSERT_TRUE(standard.ok() && large.ok() && neg.ok());
  EXPECT_GT(std::abs(standard->vmaf.mean - large->vmaf.mean), 1);
  EXPECT_EQ(neg->feature_names, standard->feature_names);
  EXPECT_EQ(BuiltInModels().front(), kDefaultModel);
  EXPECT_THAT(WhyNot(request), AllOf(HasSubstr("unknown model \"vmaf_v0.6.2\""),
                                     HasSubstr("did you mean \"vmaf_v0.6.1\"?"),
                                     HasSubstr("vmaf_v0.6.1neg, vmaf_4k_v0.6.1")));
}

TEST_F(ScoreTest, UnequalSidesAreNamedWithTheirNumbers) {
  ScoreRequest request;
  request.reference.path = Write("ref.y4m", ToY4m(kSmall, MakeClip(kSmall, 2, Side::kReference)));
  auto with = [&](const Geometry& geometry) {
    request.distorted.path =
        Write("dist.y4m", ToY4m(geometry, MakeClip(geometry, 2, Side::kDistorted)));
    return WhyNot(request);
  };

  EXPECT_THAT(with({66, 64, {}}), AllOf(HasSubstr("unequal width: "), HasSubstr("ref.y4m is 64x64"),
                                        HasSubstr("dist.y4m is 66x64 yuv420p")));
  EXPECT_THAT(with({64, 66, {}}), HasSubstr("unequal height: "));
  EXPECT_THAT(with({66, 66, {Chroma::k422, 10}}),
              AllOf(HasSubstr("unequal width, height, chroma, bit depth: "),
                    HasSubstr("66x66 yuv422p10le")));
}

TEST_F(ScoreTest, UnequalLengthIsAnErrorBeforeOrAfterReading) {
  ScoreRequest request = Raw(kSmall, 8);
  request.distorted.path = Write("short.yuv", MakeClip(kSmall, 7, Side::kDistorted));
  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("ref.yuv has 8 frames"), HasSubstr("short.yuv has 7 frames")));

  request.geometry.reset();
  request.reference.path = Write("ref.y4m", ToY4m(kSmall, MakeClip(kSmall, 1, Side::kReference)));
  request.distorted.path = Write("long.y4m", ToY4m(kSmall, MakeClip(kSmall, 5, Side::kDistorted)));
  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("ref.y4m has 1 frame,"), HasSubstr("long.y4m has 5 frames")));
}

TEST_F(ScoreTest, ASizeThatIsNotAWholeNumberOfFramesIsAnError) {
  ScoreRequest request = Raw(kSmall, 8);
  std::string clip = MakeClip(kSmall, 8, Side::kDistorted);
  request.distorted.path = Write("cut.yuv", clip.substr(0, 49000));

  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("ref.yuv: 49152 bytes are 8 frames"),
                    HasSubstr("cut.yuv: 49000 bytes are 7 frames and 5992 bytes over"),
                    HasSubstr("a frame of 64x64 yuv420p has 6144 bytes")));
}

TEST_F(ScoreTest, AStreamThatBreaksOffNamesBothSides) {
  std::string whole = ToY4m(kSmall, MakeClip(kSmall, 8, Side::kReference));
  ScoreRequest request;
  request.reference.path = Write("ref.y4m", whole);
  request.distorted.path = Write("cut.y4m", whole.substr(0, whole.size() - 1));

  EXPECT_THAT(WhyNot(request),
              AllOf(HasSubstr("ref.y4m (64x64 yuv420p) with distorted"), HasSubstr("7 frames read"),
                    HasSubstr("cut.y4m: frame 7 is cut short: 6143 of 6144 bytes")));
}

TEST_F(ScoreTest, AStreamWithoutFramesHasNoScore) {
  ScoreRequest request;
  request.reference.path = request.distorted.path = Write("none.y4m", "YUV4MPEG2 W64 H64\n");

  EXPECT_THAT(WhyNot(request), HasSubstr("no frames"));
}

TEST_F(ScoreTest, TooSmallPicturesAndThreadsOutOfRangeAreRefused) {
  ScoreRequest request = Raw(kSmall, 2);
  request.threads = 0;
  EXPECT_THAT(WhyNot(request), HasSubstr("0 threads: must be from 1 to 256"));
  EXPECT_THAT(WhyNot(Raw({16, 64, {}}, 2)), HasSubstr("size 16x64 cannot be scored"));
}

TEST_F(ScoreTest, AModelThatNeedsLargerPicturesFailsWithItsName) {
  ScoreRequest request = Raw(kSmall, 2);
  request.model = "vmaf_v1.0.16_3d0h";

  EXPECT_THAT(WhyNot(request), AllOf(HasSubstr("vmaf_v1.0.16_3d0h"), HasSubstr("64x64 yuv420p")));
}

// Peak memory of this process in KiB.
long PeakMemory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_F(ScoreTest, MemoryDoesNotGrowWithLength) {
  Geometry geometry{320, 240, {}};
  std::string frame = MakeClip(geometry, 1, Side::kReference);
  std::filesystem::path pipes[] = {folder_.path() / "ref", folder_.path() / "dist"};
  base::Crew crew;
  ScoreRequest request;
  request.reference.path = pipes[0];
  request.distorted.path = pipes[1];
  request.geometry = geometry;
  request.threads = 2;
  auto score = [&](int frames) {
    for (const auto& pipe : pipes) {
      std::filesystem::remove(pipe);
      ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
      crew.Start("writer", [&frame, pipe, frames](const std::stop_token&) {
        sys::Fd fd(open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
        for (size_t left = frame.size() * static_cast<size_t>(frames); left > 0;) {
          size_t at = frame.size() - 1 - (left - 1) % frame.size();
          ssize_t wrote = write(fd.get(), frame.data() + at, frame.size() - at);
          if (wrote < 0) return;
          left -= static_cast<size_t>(wrote);
        }
      });
    }
    auto report = Score(request, until());
    ASSERT_TRUE(report.ok()) << report.error().message();
    ASSERT_EQ(report->frames.size(), static_cast<size_t>(frames));
  };
  score(30);
  long before = PeakMemory();

  score(1000);  // 220 MiB in all

  // A sanitizer keeps freed memory for a while; without one it grows by less than 10 MiB.
  EXPECT_LT(PeakMemory() - before, 64 * 1024);
}

TEST_F(ScoreTest, JsonHoldsEverythingAndReadsBackExactly) {
  auto report = Score(Raw(kSmall, 2), until());
  ASSERT_TRUE(report.ok());

  auto json = nlohmann::json::parse(RenderJson(*report, Frames::kIncluded));

  EXPECT_EQ(json["vmaf"]["mean"].get<double>(), report->vmaf.mean);
  EXPECT_EQ(json["vmaf"]["harmonicMean"].get<double>(), report->vmaf.harmonic_mean);
  EXPECT_EQ(json["features"]["adm2"].get<double>(), report->feature_means[0]);
  EXPECT_EQ(json["provenance"]["model"], "vmaf_v0.6.1");
  EXPECT_EQ(json["provenance"]["backend"], "cpu");
  EXPECT_EQ(json["provenance"]["framesScored"], 2);
  EXPECT_EQ(json["video"]["pixelFormat"], "yuv420p");
  EXPECT_EQ(json["frames"][1]["vmaf"].get<double>(), report->frames[1].vmaf);
  EXPECT_EQ(json["frames"][1]["features"]["motion2"].get<double>(), report->frames[1].features[1]);
  EXPECT_FALSE(nlohmann::json::parse(RenderJson(*report, Frames::kLeftOut)).contains("frames"));
}

}  // namespace
}  // namespace vmafx::scoring
