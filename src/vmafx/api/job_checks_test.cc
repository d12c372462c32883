#include "vmafx/api/job_checks.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

Job Tiny() {
  Job job;
  job.key = {"video", "tiny"};
  job.spec.reference = "file:///fixtures/ref.yuv";
  job.spec.distorted = "file:///fixtures/dist.yuv";
  job.spec.model = "vmaf_v0.6.1";
  job.spec.options =
      kube::Json::parse(R"({"width": 64, "height": 64, "pixelFormat": "420", "bitdepth": 8})");
  job.spec.inputs = {{"clips", "fixtures", "", "/fixtures"}};
  return job;
}

std::string WhyNot(const Job& job) {
  auto checked = CheckJob(job);
  EXPECT_TRUE(checked.ok() || checked.Is(base::Code::kInvalid));
  return checked.ok() ? "" : checked.error().message();
}

TEST(JobChecksTest, LetAJobThroughThatCouldRun) {
  EXPECT_EQ(WhyNot(Tiny()), "");
  Job job = Tiny();
  job.spec.backend = "cuda";
  EXPECT_EQ(WhyNot(job), "") << "whether a backend is there is not a matter of form";
}

TEST(JobChecksTest, RefuseAFileThatNoInputBrings) {
  Job job = Tiny();
  job.spec.distorted = "file:///fixtures/../etc/passwd";
  EXPECT_EQ(WhyNot(job),
            "spec.distorted file:///fixtures/../etc/passwd lies in none of spec.inputs (mounted: "
            "/fixtures): add the ConfigMap or PersistentVolumeClaim that holds it");

  job = Tiny();
  job.spec.inputs.clear();
  job.spec.reference = "/fixtures/ref.yuv";
  job.spec.distorted = "https://films/dist.yuv";
  EXPECT_EQ(WhyNot(job),
            "spec.reference /fixtures/ref.yuv lies in none of spec.inputs (mounted: none): add "
            "the ConfigMap or PersistentVolumeClaim that holds it");
}

TEST(JobChecksTest, RefuseRawVideoWithoutItsGeometry) {
  Job job = Tiny();
  job.spec.options = nullptr;
  EXPECT_EQ(WhyNot(job),
            "spec.reference and spec.distorted are raw video, which does not say its own size: "
            "give width, height, pixelFormat and bitdepth in spec.options");

  job.spec.reference = "file:///fixtures/ref.y4m";
  EXPECT_EQ(WhyNot(job),
            "spec.distorted is raw video, which does not say its own size: give width, height, "
            "pixelFormat and bitdepth in spec.options");

  job = Tiny();
  job.spec.options.erase("height");
  job.spec.options.erase("pixelFormat");
  EXPECT_EQ(WhyNot(job),
            "spec.options: geometry needs width, height, pixelFormat and bitdepth: height, "
            "pixelFormat missing");
}

TEST(JobChecksTest, RefuseOptionsThatAreUnknownOrOutOfRangeByName) {
  Job job = Tiny();
  job.spec.options["pixlFormat"] = "420";
  EXPECT_EQ(WhyNot(job), "spec.options has no \"pixlFormat\" (did you mean \"pixelFormat\"?)");

  job = Tiny();
  job.spec.options["bitdepth"] = 9;
  job.spec.options["pixelFormat"] = "411";
  EXPECT_EQ(WhyNot(job),
            "spec.options: pixelFormat \"411\" is not 420, 422 or 444; bitdepth 9 is not 8, 10, "
            "12 or 16");

  job = Tiny();
  job.spec.options["width"] = "wide";
  EXPECT_EQ(WhyNot(job).rfind("spec.options: (width)", 0), 0u) << WhyNot(job);

  job = Tiny();
  job.spec.options["frameCnt"] = 3;
  EXPECT_NE(WhyNot(job).find("option frameCnt is not supported"), std::string::npos) << WhyNot(job);
}

TEST(JobChecksTest, RefuseInputsThatCollide) {
  Job job = Tiny();
  job.spec.inputs.push_back({"clips", "", "claim", "/other"});
  EXPECT_EQ(WhyNot(job), "spec.inputs has two entries named \"clips\"");

  job.spec.inputs[1] = {"more", "", "claim", "/fixtures"};
  EXPECT_EQ(WhyNot(job), "spec.inputs has two entries mounted at /fixtures");

  job.spec.inputs[1] = {"more", "", "claim", "/fixtures/more"};
  EXPECT_EQ(WhyNot(job),
            "spec.inputs: /fixtures and /fixtures/more are mounted one below the other");

  job.spec.inputs[1] = {"both", "map", "claim", "/other"};
  EXPECT_EQ(WhyNot(job), "spec.inputs \"both\": give either configMap or persistentVolumeClaim");

  job.spec.inputs[1] = {"vmafx-token", "map", "", "/other"};
  EXPECT_EQ(WhyNot(job),
            "spec.inputs \"vmafx-token\": names that begin with vmafx- are the worker's own");
}

TEST(JobChecksTest, RefuseMountPathsThatAreNoPlainFoldersOfTheirOwn) {
  for (const char* path : {"fixtures", "", "/", "/a/../b", "/a//b", "/a/", "/a:b", "./a"}) {
    Job job = Tiny();
    job.spec.inputs.push_back({"more", "", "claim", path});
    EXPECT_NE(WhyNot(job).find("is not an absolute folder written plainly"), std::string::npos)
        << path << ": " << WhyNot(job);
  }
  for (const char* path : {"/scratch", "/scratch/in", "/var", "/var/run/secrets/vmafx", "/etc",
                           "/etc/vmafx", "/usr/local/bin", "/proc/1", "/dev"}) {
    Job job = Tiny();
    job.spec.inputs.push_back({"more", "", "claim", path});
    EXPECT_NE(WhyNot(job).find("which the worker needs itself"), std::string::npos)
        << path << ": " << WhyNot(job);
  }
}

TEST(JobChecksTest, AskForTheSecretThatAnRcloneSourceNeeds) {
  Job job = Tiny();
  job.spec.inputs.clear();
  job.spec.reference = "s3://films/ref.y4m";
  job.spec.distorted = "rclone://minio/films/dist.y4m";
  EXPECT_EQ(WhyNot(job),
            "spec.reference s3://films/ref.y4m is read by the section [s3] of an rclone.conf: "
            "annotate the job with vmafx.dev/rclone-config-secret: NAME of the Secret that has one "
            "under that key; spec.distorted rclone://minio/films/dist.y4m is read by the section "
            "[minio] of an rclone.conf: annotate the job with vmafx.dev/rclone-config-secret: NAME "
            "of the Secret that has one under that key");

  job.rclone_secret = "remotes";
  EXPECT_EQ(WhyNot(job), "");

  job.rclone_secret = "No Name";
  EXPECT_EQ(WhyNot(job),
            "annotation vmafx.dev/rclone-config-secret: \"No Name\" is no name of a Secret");
}

TEST(JobChecksTest, NameEveryFieldThatIsWrongAtOnce) {
  Job job = Tiny();
  job.key.name = std::string(64, 'a');
  job.spec.reference = "ref.yuv";
  job.spec.model = "vmaf v1";
  job.spec.backend = "cude";
  job.spec.fallback = "gpu";
  job.spec.priority = -1;

  const std::string why = WhyNot(job);

  EXPECT_NE(why.find("metadata.name has 64 characters: at most 63"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.reference: \"ref.yuv\" is no URI"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.model \"vmaf v1\" has spaces"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.backend: backend \"cude\" is not one of"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.fallback \"gpu\" is not cpu"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.priority -1 is below 0"), std::string::npos) << why;
}

// Any JSON for options, any text elsewhere: an answer, never harm.
TEST(JobChecksTest, TakeNoHarmFromAnyOptions) {
  std::mt19937 random(9);
  const kube::Json values = kube::Json::parse(
      R"([null, true, -1, 1e300, 18446744073709551615, "", "420", [], [1, [2]], {}, {"a": {}}])");
  const std::vector<std::string> names = {"width",    "pixelFormat", "feature", "threads",
                                          "bitdepth", "\u0000",      "",        "device"};
  for (int round = 0; round < 2000; ++round) {
    Job job = Tiny();
    job.spec.options = kube::Json::object();
    for (auto left = random() % 5; left > 0; --left) {
      job.spec.options[names[random() % names.size()]] = values[random() % values.size()];
    }
    job.spec.inputs[0].mount_path = std::string(random() % 4, '/') + names[random() % names.size()];

    auto checked = CheckJob(job);

    EXPECT_TRUE(checked.ok() || checked.Is(base::Code::kInvalid));
  }
}

}  // namespace
}  // namespace vmafx::api
