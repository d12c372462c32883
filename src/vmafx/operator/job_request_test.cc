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

TEST(JobRequestTest, RefusesWhatCanNeverRun) {
  api::Job job = Tiny();
  job.spec.options["pixlFormat"] = "420";

  EXPECT_EQ(WhyNot(job), "spec.options has no \"pixlFormat\" (did you mean \"pixelFormat\"?)");
}

}  // namespace
}  // namespace vmafx::operators
