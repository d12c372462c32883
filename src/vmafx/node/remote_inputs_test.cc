// Inputs from elsewhere, from their URIs to the score.

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crew.h"
#include "vmafx/node/request.h"
#include "vmafx/node/testing/companions.h"
#include "vmafx/node/testing/file_server.h"
#include "vmafx/scoring/testing/clips.h"

namespace vmafx::node {
namespace {

using namespace std::chrono_literals;
using base::Code;
using base::Result;
using base::Until;
using scoring::testing::MakeClip;
using scoring::testing::Side;
using scoring::testing::ToY4m;
using ::testing::AllOf;
using testing::Companion;
using testing::FileServer;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

const scoring::Geometry kSmall{64, 64, {}};

class RemoteInputsTest : public ::testing::Test {
 protected:
  RemoteInputsTest() {
    capacity_.roots = {folder_.path()};
    capacity_.sources.http_ca_pem = server_.ca_pem();
    capacity_.sources.scratch.folder = scratch_.path();
    capacity_.sources.fetch.first_backoff = 1ms;
  }

  Until Soon() { return Until::After(clock_, 120s); }

  Assignment Job(const std::string& reference, const std::string& distorted) {
    return {.reference = reference,
            .distorted = distorted,
            .width = 64,
            .height = 64,
            .pixel_format = "420",
            .bit_depth = 8};
  }

  Result<scoring::ScoreReport> Score(const Assignment& job, const Until& until) {
    const auto request = TRY(BuildRequest(job, capacity_, base::Log::Nowhere(), until));
    return scoring::Score(request, until);
  }
  Result<scoring::ScoreReport> Score(const Assignment& job) { return Score(job, Soon()); }

  std::string WhyNot(const Assignment& job) {
    auto report = Score(job);
    return report.ok() ? fmt::format("it was scored: {}", report->vmaf.mean)
                       : report.error().message();
  }

  fs::path Write(const std::string& name, std::string_view bytes) {
    return scoring::testing::WriteClip(folder_.path(), name, bytes);
  }

  // The clip as a lossless MP4.
  std::string Mp4(const std::string& clip) {
    const fs::path raw = Write("raw.yuv", clip);
    const fs::path path = folder_.path() / "made.mp4";
    auto made = sys::RunOrFail(
        {.argv = {testing::PinnedFfmpeg(), "-nostdin", "-v", "error", "-y", "-f", "rawvideo", "-s",
                  "64x64", "-i", raw, "-c:v", "libx264", "-qp", "0", path}},
        Soon());
    EXPECT_TRUE(made.ok()) << made.error().message();
    return *sys::ReadFile(path);
  }

  base::SystemClock clock_;
  sys::TempDir folder_ = *sys::TempDir::Make("inputs");
  sys::TempDir scratch_ = *sys::TempDir::Make("scratch");
  FileServer server_;
  Capacity capacity_;
  const std::string reference_ = MakeClip(kSmall, 12, Side::kReference);
  const std::string distorted_ = MakeClip(kSmall, 12, Side::kDistorted);
};

TEST_F(RemoteInputsTest, AStreamScoresAsTheFile) {
  const std::string local = "file://" + Write("ref.yuv", reference_).string();
  auto expected = Score(Job(local, Write("dist.yuv", distorted_)));
  ASSERT_TRUE(expected.ok()) << expected.error().message();
  server_.Add("/ref.yuv", reference_);
  server_.Add("/dist.yuv", distorted_, {.times = 2, .cut_after = 20'000});
  server_.Add("/dist.y4m", ToY4m(kSmall, distorted_));

  for (const char* path : {"/dist.yuv", "/moved/dist.yuv", "/dist.y4m"}) {
    auto report = Score(Job(server_.Url("/ref.yuv"), server_.Url(path)));

    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->vmaf.mean, expected->vmaf.mean) << path;
  }
  EXPECT_EQ(Score(Job(local, server_.Url("/dist.yuv")))->vmaf.mean, expected->vmaf.mean);
}

TEST_F(RemoteInputsTest, AContainerIsFetchedDecodedAndGoneAfterwards) {
  capacity_.ffmpeg = testing::PinnedFfmpeg();
  auto expected = Score(Job(Write("ref.yuv", reference_), Write("dist.yuv", distorted_)));
  server_.Add("/ref.mp4", Mp4(reference_));
  server_.Add("/dist", Mp4(distorted_));  // by what it is, not by its name

  auto report = Score(Job(server_.Url("/ref.mp4"), server_.Url("/dist")));

  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(report->vmaf.mean, expected->vmaf.mean);
  EXPECT_TRUE(fs::is_empty(scratch_.path()));
}

TEST_F(RemoteInputsTest, AStreamThatBreaksIsAFailureNeverAShortScore) {
  server_.Add("/ref.yuv", reference_);
  FileServer blunt(false);
  const size_t half = distorted_.size() / 2;  // a whole number of frames
  blunt.Add("/dist.yuv", distorted_, {.cut_after = half});
  capacity_.sources.http_ca_pem += blunt.ca_pem();

  EXPECT_THAT(WhyNot(Job(server_.Url("/ref.yuv"), blunt.Url("/dist.yuv"))),
              AllOf(HasSubstr("/dist.yuv: "), HasSubstr("the connection broke"),
                    HasSubstr(fmt::format("({} bytes came, 3 retries did not help)", half))));
  blunt.Add("/dist.mp4",
            std::string("\0\0\0\x10"
                        "ftypisom\0\0\0\0",
                        16) +
                std::string(9000, 'x'),
            {.cut_after = 5000});
  EXPECT_THAT(WhyNot(Job(server_.Url("/ref.yuv"), blunt.Url("/dist.mp4"))),
              HasSubstr("distorted: "));
}

TEST_F(RemoteInputsTest, LengthsAreComparedBeforeAnythingIsScored) {
  server_.Add("/ref.yuv", reference_);
  server_.Add("/short.yuv", distorted_.substr(0, 6144 * 9));
  server_.Add("/odd.yuv", distorted_.substr(0, 6144 * 9 + 1));
  server_.Add("/empty.yuv", "");

  EXPECT_THAT(WhyNot(Job(server_.Url("/ref.yuv"), server_.Url("/short.yuv"))),
              AllOf(HasSubstr("ref.yuv has 12 frames"), HasSubstr("short.yuv has 9 frames")));
  EXPECT_THAT(WhyNot(Job(server_.Url("/ref.yuv"), server_.Url("/odd.yuv"))),
              HasSubstr("55297 bytes are 9 frames and 1 bytes over"));
  EXPECT_THAT(WhyNot(Job(server_.Url("/ref.yuv"), server_.Url("/empty.yuv"))),
              HasSubstr("empty.yuv: is empty"));
}

TEST_F(RemoteInputsTest, TheSideThatIsMissingIsNamedAndTheOtherNotWaitedFor) {
  server_.Add("/slow.mp4", "xxxx", {.cut_after = 1, .silent = true});

  EXPECT_THAT(
      WhyNot(Job(server_.Url("/slow.mp4"), server_.Url("/none.yuv"))),
      AllOf(HasSubstr("distorted: "), HasSubstr("/none.yuv: the server has no such object")));
}

TEST_F(RemoteInputsTest, SaysWhatTheWorkerLacks) {
  server_.Add("/a.mp4", Mp4(reference_));
  const std::string file = Write("ref.yuv", reference_);
  EXPECT_THAT(WhyNot(Job(file, "s3://b/k")), HasSubstr("has no rclone to read it with"));
  capacity_.sources.rclone = "/bin/true";
  EXPECT_THAT(WhyNot(Job(file, "s3://b/k")),
              HasSubstr("annotation vmafx.dev/rclone-config-secret"));
  capacity_.sources.rclone_config = Write("rclone.conf", "[films]\ntype = local\n");
  EXPECT_THAT(
      WhyNot(Job("rclone://film/b/k", "s3://b/k")),
      AllOf(HasSubstr("reference rclone://film/b/k: rclone.conf has no remote [film] (did you "
                      "mean \"films\"?)"),
            HasSubstr("distorted s3://b/k: rclone.conf has no remote [s3] (it has films)")));
  EXPECT_THAT(WhyNot(Job(file, server_.Url("/a.mp4"))), HasSubstr("install ffmpeg"));
  capacity_.sources.scratch.folder.clear();
  EXPECT_THAT(WhyNot(Job(file, server_.Url("/a.mp4"))), HasSubstr("VMAFX_SCRATCH_DIR"));
}

TEST_F(RemoteInputsTest, StopsAtOnceWhileItFetches) {
  server_.Add("/slow.mp4", Mp4(reference_), {.cut_after = 1000, .silent = true});
  std::stop_source stop;
  base::Crew crew;
  crew.Start("stopper", [&](const std::stop_token&) { stop.request_stop(); });

  auto report = Score(Job(server_.Url("/slow.mp4"), server_.Url("/slow.mp4")),
                      Soon().Stopping(stop.get_token()));

  EXPECT_TRUE(report.Is(Code::kCancelled)) << report.error().message();
}

TEST_F(RemoteInputsTest, ScoresWhatIsInAStore) {
  testing::Store store(clock_);
  capacity_.sources.rclone = Companion("rclone");
  capacity_.sources.rclone_config = store.config();
  capacity_.ffmpeg = testing::PinnedFfmpeg();
  const fs::path reference = Write("ref.yuv", reference_);
  const fs::path distorted = Write("dist.yuv", distorted_);
  store.Upload(reference, "videos/ref.yuv");
  store.Upload(distorted, "videos/dist.yuv");
  store.Upload(Write("dist.mp4", Mp4(distorted_)), "videos/dist.mp4");
  auto expected = Score(Job(reference, Write("dist.yuv", distorted_)));

  for (const char* uri : {"rclone://films/videos/dist.yuv", "rclone://films:videos/dist.mp4"}) {
    auto report = Score(Job("rclone://films/videos/ref.yuv", uri));

    ASSERT_TRUE(report.ok()) << report.error().message();
    EXPECT_EQ(report->vmaf.mean, expected->vmaf.mean) << uri;
  }
  EXPECT_THAT(WhyNot(Job("rclone://films/videos/ref.yuv", "rclone://wrongkey/videos/dist.yuv")),
              HasSubstr("correct secret_access_key"));
  EXPECT_THAT(WhyNot(Job("rclone://films/videos/ref.yuv", "rclone://films/videos/none.yuv")),
              HasSubstr("has no object \"none.yuv\""));
}

}  // namespace
}  // namespace vmafx::node
