#include "vmafx/api/job.h"

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

kube::Object Stored(const char* text) {
  return kube::Object(kube::Json::parse(text));
}

TEST(JobTest, ReadsWhatTheCrdDescribes) {
  auto job = ReadJob(Stored(R"({
    "apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
    "metadata": {"name": "tiny", "namespace": "video", "uid": "u-1", "generation": 3,
                 "finalizers": ["vmafx.dev/job-cancel"]},
    "spec": {"reference": "file:///in/ref.yuv", "distorted": "file:///in/dist.yuv",
             "model": "vmaf_v0.6.1", "priority": 7, "ttlSecondsAfterFinished": 60,
             "options": {"width": 64},
             "inputs": [{"name": "clips", "configMap": {"name": "fixtures"}, "mountPath": "/in"},
                        {"name": "disk", "persistentVolumeClaim": {"claimName": "films"},
                         "mountPath": "/films"}]}})"));

  ASSERT_TRUE(job.ok()) << job.error().message();
  EXPECT_EQ(job->key.Text(), "video/tiny");
  EXPECT_EQ(job->generation, 3);
  EXPECT_EQ(job->finalizers, (std::vector<std::string>{"vmafx.dev/job-cancel"}));
  EXPECT_EQ(job->spec.backend, "cpu");
  EXPECT_EQ(job->spec.priority, 7);
  EXPECT_EQ(job->spec.ttl_seconds_after_finished, 60);
  ASSERT_EQ(job->spec.inputs.size(), 2u);
  EXPECT_EQ(job->spec.inputs[0].config_map, "fixtures");
  EXPECT_EQ(job->spec.inputs[1].claim, "films");
  EXPECT_EQ(job->spec.inputs[1].mount_path, "/films");
}

TEST(JobTest, NamesTheObjectWhoseFieldHasTheWrongType) {
  auto job = ReadJob(Stored(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
    "metadata": {"name": "tiny", "namespace": "video"}, "spec": {"reference": 3}})"));

  ASSERT_TRUE(job.Is(base::Code::kInvalid));
  EXPECT_EQ(job.error().message().rfind("VmafxJob video/tiny: ", 0), 0u) << job.error().message();
}

TEST(JobTest, WritesTheStatusThatItReads) {
  JobStatus status;
  status.phase = "Succeeded";
  status.score = 93.5;
  status.assigned_node = "node-a";
  status.controller_job_id = "id";
  status.started_at = "2026-01-01T00:00:00Z";
  status.finished_at = "2026-01-01T00:00:01Z";
  status.message = "done";
  status.attempts = 2;
  status.observed_generation = 1;
  status.pooled = {93.5, 93.4, 90, 90.5, 91};
  status.features = {{"adm2", 0.97}};
  status.provenance = {"vmafx-node 3.0.0", "libvmaf 3.0.0", "vmaf_v0.6.1", "ab12", "cpu", 8};
  status.Set({.type = "Complete", .status = "True", .reason = "Scored"}, "2026-01-01T00:00:01Z");

  const kube::Json written = WriteStatus(status);
  auto read = ReadJob(kube::Object(
      {{"metadata", {{"name", "tiny"}}}, {"spec", kube::Json::object()}, {"status", written}}));

  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(WriteStatus(read->status), written);
  EXPECT_TRUE(read->status.Finished());
}

TEST(JobTest, RefusesNumbersThatAreNotWhole) {
  for (const char* number : {"0.5", "1e300"}) {
    for (const char* text : {R"({"metadata": {"generation": NUMBER}})",
                             R"({"metadata": {}, "spec": {"ttlSecondsAfterFinished": NUMBER}})",
                             R"({"metadata": {}, "status": {"attempts": NUMBER}})"}) {
      std::string json = text;
      json.replace(json.find("NUMBER"), 6, number);
      EXPECT_TRUE(ReadJob(kube::Object(*value::ParseJson(json))).Is(base::Code::kInvalid)) << json;
    }
  }
}

TEST(JobTest, WritesAScoreOfZero) {
  JobStatus status;
  status.score = 0.0;

  EXPECT_EQ(WriteStatus(status).at("score"), 0.0);
  EXPECT_FALSE(WriteStatus({}).contains("score"));
}

TEST(JobTest, KeepsTheTransitionTimeOfAConditionWhoseStatusStays) {
  JobStatus status;
  status.Set({.type = "Queued", .status = "True", .reason = "A"}, "2026-01-01T00:00:00Z");
  status.Set({.type = "Queued", .status = "True", .reason = "B"}, "2026-01-01T00:00:05Z");
  EXPECT_EQ(status.Find("Queued")->last_transition_time, "2026-01-01T00:00:00Z");
  EXPECT_EQ(status.Find("Queued")->reason, "B");

  status.Set({.type = "Queued", .status = "False", .reason = "C"}, "2026-01-01T00:00:09Z");
  EXPECT_EQ(status.Find("Queued")->last_transition_time, "2026-01-01T00:00:09Z");
  EXPECT_EQ(status.conditions.size(), 1u);
}

}  // namespace
}  // namespace vmafx::api
