// VmafxModelTrainings, by the operator with the chart's rights, a real kube-apiserver, and a real
// HTTP server in the place of the trainer. The test is the Deployment's controller and the kubelet.

#include <gtest/gtest.h>

#include "vmafx/operator/testing/training_world.h"

namespace vmafx::operators::testing {
namespace {

using kube::Json;

class TrainingApiTest : public TrainingWorld {};

TEST_F(TrainingApiTest, MakesATrainerAndRunsWhenItAnswers) {
  StartOperator();
  CreateTraining("online");

  const kube::Object deployment = AwaitDeployment("vmafx-trainer-online");
  EXPECT_EQ(Variable(deployment, "VMAFX_CHECKPOINT_INTERVAL"), "10s");
  for (const kube::Kind& kind : {kServiceKind, kClaimKind}) {
    auto object = admin_->Get(kind, {ns_, "vmafx-trainer-online"}, Long());
    ASSERT_TRUE(object.ok()) << object.error().message();
    EXPECT_EQ(object->owners().at(0).name, "online");
  }
  const kube::Object early = AwaitTrainingPhase("online", "Initializing");
  EXPECT_EQ(early.Condition("Ready"), "False");
  EXPECT_EQ(trainer_.asked(), 0) << "nobody is asked before a Pod runs";

  RollOut("vmafx-trainer-online");

  const kube::Object training = AwaitTrainingPhase("online", "Running");
  EXPECT_EQ(training.Condition("Ready"), "True");
  EXPECT_EQ(*training.Find({"status", "currentSamples"}), 0);
  EXPECT_EQ(*training.Find({"status", "observedGeneration"}), 1);
}

TEST_F(TrainingApiTest, FollowsTheTrainerSampleBySampleToItsCheckpoint) {
  StartOperator();
  CreateTraining("online");
  Run("online");

  trainer_.Say({{"current_samples", 1}});
  AwaitSamples("online", 1);
  trainer_.Say({{"last_checkpoint_time", "2026-01-01T10:00:00Z"},
                {"model_version", "v000001"},
                {"model_digest", "sha256:00"},
                {"last_stability_gate_result", "NotEnoughSamples"}});

  const kube::Object training = Await("online", "a checkpoint", [](const kube::Object& object) {
    return object.String({"status", "modelVersion"}) == "v000001";
  });
  EXPECT_EQ(training.String({"status", "lastCheckpoint"}), "2026-01-01T10:00:00Z");
  EXPECT_EQ(training.String({"status", "modelDigest"}), "sha256:00");
  EXPECT_EQ(training.Condition("StabilityGatePassed"), "Unknown");
  EXPECT_EQ(EventReasons("online"), "CheckpointWritten");
}

TEST_F(TrainingApiTest, TellsOfACheckpointOnceAcrossRestarts) {
  StartOperator();
  CreateTraining("online");
  Run("online");
  StopOperator();
  trainer_.Say({{"current_samples", 5},
                {"last_checkpoint_time", "2026-01-01T10:00:00Z"},
                {"model_version", "v000001"}});

  StartOperator();
  AwaitSamples("online", 5);
  EXPECT_EQ(EventReasons("online"), "CheckpointWritten");
  StopOperator();
  // As if it had been killed after the event and before the status.
  auto forgotten =
      admin_->MergePatch(kTrainingKind, {ns_, "online"}, {{"status", nullptr}}, "status", Long());
  ASSERT_TRUE(forgotten.ok()) << forgotten.error().message();

  StartOperator();

  const kube::Object training = AwaitSamples("online", 5);
  EXPECT_EQ(training.String({"status", "lastCheckpoint"}), "2026-01-01T10:00:00Z");
  EXPECT_EQ(EventReasons("online"), "CheckpointWritten");
}

TEST_F(TrainingApiTest, AChangeOfTheSpecRollsTheTrainer) {
  StartOperator();
  CreateTraining("online");
  Run("online");

  ChangeSpec("online", {{"checkpoint", {{"interval", "1m"}}}});
  const kube::Object deployment = AwaitIn(
      *deployments_, "vmafx-trainer-online", "the new interval", [](const kube::Object& object) {
        return Variable(object, "VMAFX_CHECKPOINT_INTERVAL") == "1m";
      });
  EXPECT_EQ(*deployment.Find({"metadata", "generation"}), 2);
  AwaitTrainingPhase("online", "Initializing");

  Run("online");
  EXPECT_EQ(*AwaitTrainingPhase("online", "Running").Find({"status", "observedGeneration"}), 2);
}

TEST_F(TrainingApiTest, ASpecThatCannotBeFailsByNameUntilItIsRepaired) {
  StartOperator();
  CreateTraining(
      "online", {{"spec", {{"checkpoint", {{"interval", "ten"}}}, {"outputRegistry", "nowhere"}}}});

  const kube::Object training = AwaitTrainingPhase("online", "Failed");
  const std::string message = training.String({"status", "message"});
  EXPECT_NE(message.find("spec.checkpoint.interval"), std::string::npos) << message;
  EXPECT_NE(message.find("spec.outputRegistry"), std::string::npos) << message;
  EXPECT_TRUE(admin_->Get(kDeploymentKind, {ns_, "vmafx-trainer-online"}, Long())
                  .Is(base::Code::kNotFound));

  ChangeSpec("online", {{"checkpoint", {{"interval", "10s"}}}, {"outputRegistry", "r.svc:5000/m"}});
  Run("online");
}

TEST_F(TrainingApiTest, MakesAgainWhatWasDeletedOrChangedBehindItsBack) {
  StartOperator();
  CreateTraining("online");
  Run("online");
  const std::string name = "vmafx-trainer-online";
  kube::Store services(*admin_, {kServiceKind, ns_, {}}, clock_, base::Log::Nowhere());
  const auto service = AwaitIn(services, name, "a Service", [](auto&) { return true; });

  Delete(kServiceKind, name);
  AwaitIn(services, name, "another Service",
          [&](const kube::Object& object) { return object.uid() != service.uid(); });
  const std::string uid = AwaitDeployment(name).uid();
  Delete(kDeploymentKind, name);
  AwaitIn(*deployments_, name, "another Deployment",
          [&](const kube::Object& object) { return object.uid() != uid; });
  auto scaled =
      admin_->MergePatch(kDeploymentKind, {ns_, name}, {{"spec", {{"replicas", 3}}}}, "", Long());
  ASSERT_TRUE(scaled.ok()) << scaled.error().message();

  AwaitIn(*deployments_, name, "one replica", [](const kube::Object& object) {
    return *object.Find({"spec", "replicas"}) == 1 && *object.Find({"metadata", "generation"}) >= 3;
  });
}

TEST_F(TrainingApiTest, LeavesWhatBelongsToSomebodyElseAlone) {
  const Json foreign = {{"apiVersion", "v1"},
                        {"kind", "Service"},
                        {"metadata", {{"name", "vmafx-trainer-online"}, {"namespace", ns_}}},
                        {"spec", {{"ports", {{{"port", 80}}}}, {"selector", {{"app", "mine"}}}}}};
  auto created = admin_->Create(kube::Object(foreign), Long());
  ASSERT_TRUE(created.ok()) << created.error().message();
  StartOperator();
  CreateTraining("online");

  const kube::Object training = AwaitTrainingPhase("online", "Failed");
  EXPECT_NE(training.String({"status", "message"}).find("belongs to something else"),
            std::string::npos);
  auto service = admin_->Get(kServiceKind, {ns_, "vmafx-trainer-online"}, Long());
  EXPECT_EQ(service->resource_version(), created->resource_version());

  Delete(kServiceKind, "vmafx-trainer-online");
  Run("online");
}

TEST_F(TrainingApiTest, FailsWithTheReasonOfThePodAndRecovers) {
  StartOperator();
  CreateTraining("online");
  const std::string pod = MakePod("vmafx-trainer-online");

  SetPod(pod, Json::parse(R"({"phase": "Pending", "containerStatuses": [{"name": "trainer",
             "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting":
             {"reason": "ErrImageNeverPull", "message": "image \"x\" is not present"}}}]})"));
  const kube::Object failed = AwaitTrainingPhase("online", "Failed");
  EXPECT_EQ(failed.String({"status", "message"}),
            "trainer Pod vmafx-trainer-online-1: ErrImageNeverPull: image \"x\" is not present");
  EXPECT_EQ(EventReasons("online"), "Failed");

  Run("online");
}

TEST_F(TrainingApiTest, IsNotRunningWhileTheTrainerIsSilent) {
  StartOperator();
  CreateTraining("online");
  Run("online");
  trainer_.Say({{"current_samples", 7}});
  AwaitSamples("online", 7);

  trainer_.Stop();
  EXPECT_EQ(*AwaitTrainingPhase("online", "Initializing").Find({"status", "currentSamples"}), 7);

  trainer_.Restart();
  EXPECT_EQ(*AwaitTrainingPhase("online", "Running").Find({"status", "currentSamples"}), 7);
}

TEST_F(TrainingApiTest, ShowsWhyATrainerCannotBegin) {
  trainer_.Say({{"phase", "initializing"}, {"message", "base model r.svc/m:v1: not found"}});
  StartOperator();
  CreateTraining("online");
  RollOut("vmafx-trainer-online");

  Await("online", "the reason", [](const kube::Object& training) {
    return training.String({"status", "phase"}) == "Initializing" &&
           training.String({"status", "message"}) == "base model r.svc/m:v1: not found";
  });
}

TEST_F(TrainingApiTest, CountsTheHealthyNodesThatItListensTo) {
  StartOperator();
  CreateNode("plain", 1);
  CreateNode("chosen", 1);
  CreateTraining("all");
  CreateTraining("picky", {{"spec", {{"dataSource", {{"nodeSelector", {{"zone", "a"}}}}}}}});
  const auto count = [](int wanted) {
    return [=](const kube::Object& training) {
      const Json* found = training.Find({"status", "activeNodeCount"});
      return found != nullptr && *found == wanted;
    };
  };
  Await("all", "two nodes", count(2));

  auto labelled = admin_->MergePatch(kNodeKind, {ns_, "chosen"},
                                     {{"metadata", {{"labels", {{"zone", "a"}}}}}}, "", Long());
  ASSERT_TRUE(labelled.ok()) << labelled.error().message();

  Await("picky", "one node", count(1));
  for (const char* node : {"plain", "chosen"}) Delete(kNodeKind, node);
}

TEST_F(TrainingApiTest, NothingIsMadeForATrainingThatIsGone) {
  StartOperator();
  CreateTraining("online");
  Run("online");
  trainer_.AwaitAsked(2);  // it waits for news by now
  const int asked = trainer_.asked();

  Delete(kTrainingKind, "online");
  for (const kube::Kind& kind : {kDeploymentKind, kServiceKind}) {
    Delete(kind, "vmafx-trainer-online");  // as the garbage collector does
  }
  CreateTraining("next");
  AwaitDeployment("vmafx-trainer-next");

  EXPECT_EQ(deployments_->Find({ns_, "vmafx-trainer-online"}), nullptr);
  trainer_.Say({{"current_samples", 1}});
  EXPECT_LE(trainer_.asked(), asked + 1) << "nobody listens any more";
}

}  // namespace
}  // namespace vmafx::operators::testing
