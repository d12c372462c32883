// Our scores beside those of ffmpeg's libvmaf filter, which reads, pairs and scores the same files
// without any of our code. Widths that leave 1 to 4 over 16, 1 to 8 over 32 or 1 to 16 over 64 are
// not among them: there the referee's own libvmaf, which lacks the correction of
// tools/libvmaf/build, scores by what lies in memory. libvmaf_test.cc covers those.

#include "vmafx/scoring/testing/referee.h"

#include <gtest/gtest.h>

#include "sys/files.h"
#include "vmafx/scoring/score.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::scoring {
namespace {

using testing::MakeClip;
using testing::Referee;
using testing::Side;
using testing::WriteClip;

// Its log has 6 decimals.
constexpr double kTolerance = 1e-6;

struct Case {
  const char* pixel_format;
  uint32_t width;
  uint32_t height;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.width << "x" << c.height << " " << c.pixel_format;
}

class RefereeTest : public ::testing::TestWithParam<Case> {
 protected:
  base::Until until() { return base::Until::After(clock_, std::chrono::seconds(120)); }

  void Compare(const ScoreRequest& request) {
    auto referee = Referee::Find(until());
    ASSERT_TRUE(referee.ok()) << referee.error().message();
    auto theirs = referee->Score(request.reference.path, request.distorted.path, *request.geometry,
                                 request.model, until());
    ASSERT_TRUE(theirs.ok()) << theirs.error().message();
    auto ours = Score(request, until());
    ASSERT_TRUE(ours.ok()) << ours.error().message();

    EXPECT_NEAR(ours->vmaf.mean, theirs->mean, kTolerance);
    EXPECT_NEAR(ours->vmaf.harmonic_mean, theirs->harmonic_mean, kTolerance);
    EXPECT_NEAR(ours->vmaf.min, theirs->min, kTolerance);
    ASSERT_EQ(ours->frames.size(), theirs->frames.size());
    for (size_t i = 0; i < ours->frames.size(); ++i) {
      EXPECT_NEAR(ours->frames[i].vmaf, theirs->frames[i]["vmaf"], kTolerance) << i;
      for (size_t k = 0; k < ours->feature_names.size(); ++k) {
        const std::string& name = ours->feature_names[k];
        EXPECT_NEAR(ours->frames[i].features[k], theirs->frames[i]["integer_" + name], kTolerance)
            << name << " of frame " << i;
      }
    }
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make();
};

TEST_P(RefereeTest, ScoresAsFfmpegDoes) {
  Geometry geometry{GetParam().width, GetParam().height,
                    *ParsePixelFormat(GetParam().pixel_format)};
  ScoreRequest request;
  request.geometry = geometry;
  request.threads = 2;
  request.reference.path = WriteClip(folder_.path(), "r", MakeClip(geometry, 6, Side::kReference));
  request.distorted.path = WriteClip(folder_.path(), "d", MakeClip(geometry, 6, Side::kDistorted));

  Compare(request);
}

INSTANTIATE_TEST_SUITE_P(
    EveryFormat, RefereeTest,
    ::testing::Values(Case{"yuv420p", 176, 144}, Case{"yuv422p", 176, 144},
                      Case{"yuv444p", 176, 144}, Case{"yuv420p10le", 176, 144},
                      Case{"yuv422p10le", 176, 144}, Case{"yuv444p10le", 176, 144},
                      Case{"yuv420p12le", 176, 144}, Case{"yuv422p12le", 176, 144},
                      Case{"yuv444p12le", 176, 144}, Case{"yuv420p16le", 176, 144},
                      Case{"yuv422p16le", 176, 144}, Case{"yuv444p16le", 176, 144},
                      Case{"yuv420p", 175, 143}, Case{"yuv422p10le", 107, 67},
                      Case{"yuv420p16le", 43, 45}, Case{"yuv444p", 635, 363}));

TEST_F(RefereeTest, ScoresTheCommittedClipsAsFfmpegDoes) {
  std::filesystem::path fixtures =
      std::filesystem::path(std::getenv("SEATRIAL_SOURCE_DIR")) / "test/e2e/fixtures";
  ScoreRequest request;
  request.geometry = Geometry{64, 64, {}};
  request.reference.path = fixtures / "ref.yuv";
  request.distorted.path = fixtures / "dist.yuv";

  Compare(request);
}

}  // namespace
}  // namespace vmafx::scoring
