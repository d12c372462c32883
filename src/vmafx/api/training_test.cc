#include "vmafx/api/training.h"

#include <gtest/gtest.h>

namespace vmafx::api {
namespace {

using kube::Json;

kube::Object Stored() {
  return kube::Object(Json::parse(R"({"apiVersion": "vmafx.dev/v1", "kind": "VmafxModelTraining",
      "metadata": {"name": "online", "namespace": "films", "uid": "u-1", "generation": 3,
                   "annotations": {"vmafx.dev/registry-secret": "push"}},
      "spec": {"baseModel": "vmaf_v0.6.1", "algorithm": "online-sgd-ema",
               "dataSource": {"nodeSelector": {"zone": "a"}},
               "checkpoint": {"interval": "10s", "minSamples": 1},
               "outputRegistry": "registry.films.svc:5000/models/vmafx",
               "algorithmConfig": {"batchSize": 8}}})"));
}

Training Read(const Json& changes = Json::object()) {
  kube::Object object = Stored();
  object.json().merge_patch(changes);
  auto training = ReadTraining(object);
  EXPECT_TRUE(training.ok()) << training.error().message();
  return *training;
}

TEST(TrainingTest, ReadsWhatIsAskedFor) {
  const Training training = Read();

  EXPECT_EQ(training.key.Text(), "films/online");
  EXPECT_EQ(training.generation, 3);
  EXPECT_EQ(training.registry_secret, "push");
  EXPECT_EQ(training.spec.node_selector.at("zone"), "a");
  EXPECT_EQ(training.spec.checkpoint_interval, "10s");
  EXPECT_EQ(training.spec.checkpoint_min_samples, 1);
  EXPECT_EQ(training.spec.algorithm_config.at("batchSize"), 8);
  EXPECT_TRUE(CheckTraining(training).ok());
}

TEST(TrainingTest, ReadsItsOwnStatusBack) {
  TrainingStatus status;
  status.phase = "Running";
  status.current_samples = 17;
  status.last_checkpoint = "2026-01-01T00:00:00Z";
  status.model_version = "v000002";
  status.model_digest = "sha256:00";
  status.last_stability_gate_result = "Passed";
  status.active_node_count = 2;
  status.message = "all is well";
  status.observed_generation = 3;
  SetCondition(status.conditions, {"Ready", "True", "Answers", "", "", 3}, "2026-01-01T00:00:00Z");
  kube::Object object = Stored();
  object.json()["status"] = WriteStatus(status);

  auto training = ReadTraining(object);

  ASSERT_TRUE(training.ok()) << training.error().message();
  EXPECT_EQ(WriteStatus(training->status), WriteStatus(status));
}

TEST(TrainingTest, RefusesFieldsOfAnotherType) {
  for (const char* changes :
       {R"({"spec": {"checkpoint": {"minSamples": "many"}}})", R"({"spec": {"baseModel": 7}})",
        R"({"spec": {"dataSource": {"nodeSelector": {"zone": 1}}}})",
        R"({"spec": {"dataSource": []}})", R"({"status": {"conditions": [7]}})",
        R"({"status": {"currentSamples": {}}})"}) {
    kube::Object object = Stored();
    object.json().merge_patch(Json::parse(changes));
    EXPECT_TRUE(ReadTraining(object).Is(base::Code::kInvalid)) << changes;
  }
}

TEST(TrainingTest, NamesEveryFieldThatIsWrong) {
  auto checked =
      CheckTraining(Read(Json::parse(R"({"metadata": {"name": "a.b"}, "spec": {"baseModel": "other",
          "checkpoint": {"interval": "ten"}, "outputRegistry": "http://registry/models"}})")));

  ASSERT_TRUE(checked.Is(base::Code::kInvalid));
  for (const char* field : {"metadata.name: ", "spec.baseModel: ", "spec.checkpoint.interval: ",
                            "spec.outputRegistry: "}) {
    EXPECT_NE(checked.error().message().find(field), std::string::npos)
        << checked.error().message();
  }
}

TEST(TrainingTest, TakesACheckpointOfOursAsBaseModel) {
  EXPECT_TRUE(
      CheckTraining(Read({{"spec", {{"baseModel", "registry.films.svc:5000/models:v000001"}}}}))
          .ok());
  EXPECT_FALSE(CheckTraining(Read({{"spec", {{"checkpoint", {{"interval", "0s"}}}}}})).ok());
  EXPECT_FALSE(CheckTraining(Read({{"spec", {{"checkpoint", {{"interval", "-5s"}}}}}})).ok());
}

}  // namespace
}  // namespace vmafx::api
