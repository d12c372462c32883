#include "vmafx/operator/job_request.h"

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

api::Job Tiny() {
  api::Job job;
  job.key = {"video", "tiny"};
  job.uid = "uid-1";
  job.spec.reference = "file:///fixtures/ref.yuv";
  job.spec.distorted = "file:///fixtures/dist.yuv";
  job.spec.model = "vmaf_v0.6.1";
  job.spec.priority = 3;
  job.spec.options =
      kube::Json::parse(R"({"width": 64, "height": 64, "pixelFormat": "420", "bitdepth": 8})");
  job.spec.inputs = {{"clips", "fixtures", "", "/fixtures"}};
  return job;
}

std::string WhyNot(const api::Job& job) {
  auto request = MakeSubmitRequest(job);
  EXPECT_TRUE(request.ok() || request.Is(base::Code::kInvalid));
  return request.ok() ? "" : request.error().message();
}

TEST(JobRequestTest, CarriesTheSpecPinnedUnderTheUid) {
  auto request = MakeSubmitRequest(Tiny());

  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->idempotency_key(), "uid-1");
  EXPECT_TRUE(request->pinned());
  EXPECT_EQ(request->namespace_(), "video");
  EXPECT_EQ(request->name(), "tiny");
  EXPECT_EQ(request->priority(), 3);
  EXPECT_EQ(request->scoring().reference(), "file:///fixtures/ref.yuv");
  EXPECT_EQ(request->scoring().distorted(), "file:///fixtures/dist.yuv");
  EXPECT_EQ(request->scoring().backend(), "cpu");
  EXPECT_EQ(request->scoring().options().width(), 64u);
  EXPECT_EQ(request->scoring().options().pixel_format(), "420");
}

TEST(JobRequestTest, RefusesABackendThatIsNotThereByNameUnlessTheCpuMayStandIn) {
  api::Job job = Tiny();
  job.spec.backend = "cuda";
  EXPECT_EQ(WhyNot(job),
            "spec.backend \"cuda\": this version scores on cpu only (set spec.fallback: cpu to "
            "allow that)");

  job.spec.fallback = "cpu";
  EXPECT_TRUE(FallsBackToCpu(job.spec));
  EXPECT_EQ(MakeSubmitRequest(job)->scoring().backend(), "cpu");
}

TEST(JobRequestTest, RefusesAFileThatNoInputBrings) {
  api::Job job = Tiny();
  job.spec.distorted = "file:///fixtures/../etc/passwd";
  EXPECT_EQ(WhyNot(job),
            "spec.distorted file:///fixtures/../etc/passwd lies in none of spec.inputs (mounted: "
            "/fixtures): add the ConfigMap or PersistentVolumeClaim that holds it");

  job = Tiny();
  job.spec.inputs.clear();
  job.spec.reference = "/fixtures/ref.yuv";
  EXPECT_EQ(WhyNot(job),
            "spec.reference /fixtures/ref.yuv lies in none of spec.inputs (mounted: none): add "
            "the ConfigMap or PersistentVolumeClaim that holds it");
}

TEST(JobRequestTest, LeavesOtherSchemesToTheWorker) {
  api::Job job = Tiny();
  job.spec.reference = "s3://films/ref.y4m";
  job.spec.distorted = "rclone://films/dist.y4m";
  job.spec.inputs.clear();
  EXPECT_EQ(WhyNot(job), "");
}

TEST(JobRequestTest, RefusesOptionsThatAreUnknownInsteadOfIgnoringThem) {
  api::Job job = Tiny();
  job.spec.options["widht"] = 64;
  EXPECT_NE(WhyNot(job).find("widht"), std::string::npos) << WhyNot(job);
  EXPECT_EQ(WhyNot(job).rfind("spec.options", 0), 0u) << WhyNot(job);

  job = Tiny();
  job.spec.options.erase("height");
  EXPECT_NE(WhyNot(job).find("height"), std::string::npos) << WhyNot(job);
}

TEST(JobRequestTest, RefusesInputsThatCollide) {
  api::Job job = Tiny();
  job.spec.inputs.push_back({"clips", "", "claim", "/other"});
  EXPECT_EQ(WhyNot(job), "spec.inputs has two entries named \"clips\"");

  job.spec.inputs[1] = {"more", "", "claim", "/fixtures"};
  EXPECT_EQ(WhyNot(job), "spec.inputs has two entries mounted at /fixtures");

  job.spec.inputs[1] = {"both", "map", "claim", "/other"};
  EXPECT_EQ(WhyNot(job), "spec.inputs \"both\": give either configMap or persistentVolumeClaim");
}

TEST(JobRequestTest, RefusesANameThatALabelCannotCarry) {
  api::Job job = Tiny();
  job.key.name = std::string(64, 'a');
  EXPECT_EQ(WhyNot(job),
            "metadata.name has 64 characters: at most 63, because a label of its Pods carries it");
}

}  // namespace
}  // namespace vmafx::operators
