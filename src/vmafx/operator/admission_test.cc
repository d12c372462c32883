#include "vmafx/operator/admission.h"

#include <random>

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using kube::Json;

kube::Object Job() {
  return kube::Object(Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxJob",
      "metadata": {"name": "tiny", "namespace": "video"},
      "spec": {"reference": "https://films/ref.y4m", "distorted": "https://films/dist.y4m"}})"));
}

kube::Object Node() {
  return kube::Object(Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxNode",
      "metadata": {"name": "gpu", "namespace": "video"}, "spec": {"gpuVendor": "nvidia"}})"));
}

kube::Object Training() {
  return kube::Object(Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxModelTraining",
      "metadata": {"name": "learn", "namespace": "video"},
      "spec": {"baseModel": "vmaf_v0.6.1", "algorithm": "online-sgd-ema",
               "outputRegistry": "registry.video.svc:5000/models/vmafx"}})"));
}

AdmissionRequest Create(kube::Object object) {
  return {"uid-1", "CREATE", "", "alice", std::move(object), {}};
}

AdmissionRequest Update(kube::Object old_object, kube::Object object) {
  return {"uid-1", "UPDATE", "", "alice", std::move(object), std::move(old_object)};
}

std::string Why(const AdmissionVerdict& verdict) {
  EXPECT_EQ(verdict.allowed, verdict.message.empty());
  return verdict.message;
}

TEST(AdmissionTest, LetsGoodObjectsIn) {
  EXPECT_EQ(Why(JudgeJob(Create(Job()))), "");
  EXPECT_EQ(Why(JudgeNode(Create(Node()), "cluster.local")), "");
  EXPECT_EQ(Why(JudgeTraining(Create(Training()))), "");
}

TEST(AdmissionTest, RefusesAJobNamingTheFields) {
  kube::Object job = Job();
  job.json()["spec"]["reference"] = "ref.y4m";
  job.json()["spec"]["distorted"] = "https://films/dist.yuv";

  const std::string why = Why(JudgeJob(Create(job)));

  EXPECT_NE(why.find("spec.reference: \"ref.y4m\" is no URI: write file:///PATH"),
            std::string::npos);
  EXPECT_NE(why.find("spec.distorted is raw video"), std::string::npos) << why;
}

TEST(AdmissionTest, WarnsOfABackendThatIsNotThereUnlessTheCpuMayStandIn) {
  kube::Object job = Job();
  job.json()["spec"]["backend"] = "cuda";
  const AdmissionVerdict verdict = JudgeJob(Create(job));
  EXPECT_TRUE(verdict.allowed);
  EXPECT_EQ(verdict.warnings,
            (std::vector<std::string>{
                "spec.backend cuda: this version scores on cpu only, so the job will fail; set "
                "spec.fallback: cpu to allow that"}));

  job.json()["spec"]["fallback"] = "cpu";
  EXPECT_TRUE(JudgeJob(Create(job)).warnings.empty());
}

TEST(AdmissionTest, NeverBlocksWhatLeavesASpecAsItWas) {
  kube::Object bad = Job();
  bad.json()["spec"]["reference"] = "from before the rules";
  kube::Object labelled = bad;
  labelled.json()["metadata"]["labels"] = {{"a", "b"}};
  labelled.json()["metadata"]["finalizers"] = {"vmafx.dev/job-cancel"};
  labelled.json()["status"] = {{"phase", "Failed"}};
  EXPECT_EQ(Why(JudgeJob(Update(bad, labelled))), "");

  kube::Object going = bad;
  going.json()["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  going.json()["spec"]["priority"] = 3;
  EXPECT_EQ(Why(JudgeJob(Update(bad, going))), "");

  AdmissionRequest status = Update(bad, bad);
  status.sub_resource = "status";
  EXPECT_EQ(Why(JudgeJob(status)), "");
  AdmissionRequest gone{"uid-1", "DELETE", "", "alice", {}, bad};
  EXPECT_EQ(Why(JudgeJob(gone)), "");
  EXPECT_EQ(Why(JudgeNode(gone, "cluster.local")), "");
  EXPECT_EQ(Why(JudgeTraining(gone)), "");

  kube::Object annotated = bad;
  annotated.json()["metadata"]["annotations"] = {{"vmafx.dev/rclone-config-secret", "x"}};
  EXPECT_NE(Why(JudgeJob(Update(bad, annotated))), "") << "that is judged";
}

TEST(AdmissionTest, RefusesToChangeASubmittedJobButForItsTtl) {
  kube::Object old = Job();
  kube::Object changed = old;
  changed.json()["spec"]["priority"] = 9;
  changed.json()["spec"]["model"] = "vmaf_v0.6.1";
  EXPECT_EQ(Why(JudgeJob(Update(old, changed))), "") << "not submitted yet";

  old.json()["status"] = {{"controllerJobID", "id-1"}};
  EXPECT_EQ(Why(JudgeJob(Update(old, changed))),
            "spec.model, spec.priority cannot change any more, the job is submitted already "
            "(spec.ttlSecondsAfterFinished still can): delete the job and create it again");

  kube::Object shorter = old;
  shorter.json()["spec"]["ttlSecondsAfterFinished"] = 60;
  EXPECT_EQ(Why(JudgeJob(Update(old, shorter))), "");
}

TEST(AdmissionTest, RefusesANodeNamingTheFields) {
  kube::Object node = Node();
  node.json()["spec"] = {{"gpuVendor", "nvidea"}, {"capacity", 0}, {"image", "Vmafx/Node"}};
  node.json()["metadata"]["annotations"] = {
      {"vmafx.dev/healthz-url", "http://169.254.169.254/latest"}};

  const std::string why = Why(JudgeNode(Create(node), "cluster.local"));

  EXPECT_NE(why.find("spec.gpuVendor \"nvidea\" is not one of nvidia, amd, intel, cpu (did you "
                     "mean \"nvidia\"?)"),
            std::string::npos)
      << why;
  EXPECT_NE(why.find("spec.capacity 0 is not a number above 0"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.image: image \"Vmafx/Node\" has upper case"), std::string::npos) << why;
  EXPECT_NE(why.find("annotation vmafx.dev/healthz-url: "), std::string::npos) << why;
}

TEST(AdmissionTest, RefusesATrainingNamingTheFields) {
  kube::Object training = Training();
  training.json()["spec"]["checkpoint"] = {{"interval", "soon"}};
  training.json()["spec"]["outputRegistry"] = "https://registry/x";

  const std::string why = Why(JudgeTraining(Create(training)));

  EXPECT_NE(why.find("spec.checkpoint.interval"), std::string::npos) << why;
  EXPECT_NE(why.find("spec.outputRegistry"), std::string::npos) << why;
}

TEST(AdmissionTest, ReadsAReviewAndAnswersUnderItsUid) {
  auto request = ReadReview(R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
      "request": {"uid": "u-7", "operation": "UPDATE", "userInfo": {"username": "bob"},
                  "object": {"kind": "VmafxJob"}, "oldObject": null}})");
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->uid, "u-7");
  EXPECT_EQ(request->operation, "UPDATE");
  EXPECT_EQ(request->user, "bob");
  EXPECT_FALSE(request->old_object.has_value());

  EXPECT_EQ(Json::parse(WriteReview("u-7", {false, "no", {}})),
            Json::parse(R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                "response": {"uid": "u-7", "allowed": false, "status": {"status": "Failure",
                             "code": 422, "reason": "Invalid", "message": "no"}}})"));
  EXPECT_EQ(Json::parse(WriteReview("u-7", {true, "", {"mind"}})).at("response"),
            Json::parse(R"({"uid": "u-7", "allowed": true, "warnings": ["mind"]})"));
}

TEST(AdmissionTest, TakesNoHarmFromAnyBody) {
  for (const char* body : {"", "null", "[]", "{}", "{\"kind\": \"AdmissionReview\"}", "\xff\xfe",
                           R"({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"})",
                           R"({"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview",
            "request": {"uid": "1"}})"}) {
    EXPECT_TRUE(ReadReview(body).Is(base::Code::kInvalid)) << body;
  }
  EXPECT_TRUE(ReadReview(std::string(1 << 20, '[')).Is(base::Code::kInvalid));
  // Any type in any place of an object: a verdict.
  const Json values = Json::parse(R"([null, 1, -1, 1e300, "x", [], [1], {}, {"a": 1}, true])");
  const std::vector<std::string> paths = {
      "/metadata",        "/metadata/name", "/metadata/annotations", "/spec",
      "/spec/reference",  "/spec/inputs",   "/spec/options",         "/spec/priority",
      "/spec/gpuVendor",  "/spec/capacity", "/spec/image",           "/spec/checkpoint",
      "/spec/dataSource", "/status",        "/spec/algorithm",       "/spec/baseModel"};
  std::mt19937 random(3);
  for (int round = 0; round < 3000; ++round) {
    kube::Object object = round % 3 == 0 ? Job() : round % 3 == 1 ? Node() : Training();
    try {
      object.json()[Json::json_pointer(paths[random() % paths.size()])] =
          values[random() % values.size()];
      object.json()[Json::json_pointer(paths[random() % paths.size()])] =
          values[random() % values.size()];
    } catch (const Json::exception&) {
      continue;  // the first change left no room for the second
    }
    for (const AdmissionRequest& request :
         {Create(object), Update(Job(), object), Update(object, Node())}) {
      Why(JudgeJob(request));
      Why(JudgeNode(request, "cluster.local"));
      Why(JudgeTraining(request));
    }
  }
}

}  // namespace
}  // namespace vmafx::operators
