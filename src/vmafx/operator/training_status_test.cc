#include "vmafx/operator/training_status.h"

#include <gtest/gtest.h>

#include "base/parse_time.h"

namespace vmafx::operators {
namespace {

using kube::Json;

kube::ObjectPtr Parse(const std::string& json) {
  return std::make_shared<const kube::Object>(Json::parse(json));
}

kube::ObjectPtr RolledOutDeployment() {
  return Parse(R"({"metadata": {"name": "vmafx-trainer-online", "generation": 2},
      "status": {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1}})");
}

TrainerReport Report() {
  TrainerReport report;
  report.phase = "Running";
  report.current_samples = 17;
  report.last_checkpoint = "2026-01-01T10:00:00Z";
  report.model_version = "v000003";
  report.model_digest = "sha256:00";
  report.last_stability_gate_result = "Passed";
  report.revision = 4;
  return report;
}

TrainingView View() {
  TrainingView view;
  view.training.key = {"films", "online"};
  view.training.generation = 2;
  view.deployment = RolledOutDeployment();
  view.active_nodes = 2;
  view.now = *base::ParseTime("2026-01-01T12:00:00Z");
  return view;
}

TrainingView Answering() {
  TrainingView view = View();
  view.trainer.report = Report();
  return view;
}

TrainingView WithPod(const std::string& status) {
  TrainingView view = View();
  view.pods = {
      Parse(R"({"metadata": {"name": "trainer-1", "creationTimestamp": "2026-01-01T10:00:00Z"},
      "status": )" +
            status + "}")};
  return view;
}

std::string Condition(const api::TrainingStatus& status, const std::string& type) {
  const api::Condition* found = api::FindCondition(status.conditions, type);
  return found == nullptr ? "" : found->status + " " + found->reason;
}

TEST(TrainingStatusTest, RunsWhenTheTrainerAnswersAndShowsWhatItSays) {
  const api::TrainingStatus status = NextTrainingStatus(Answering());

  EXPECT_EQ(status.phase, "Running");
  EXPECT_EQ(status.current_samples, 17);
  EXPECT_EQ(status.last_checkpoint, "2026-01-01T10:00:00Z");
  EXPECT_EQ(status.model_version, "v000003");
  EXPECT_EQ(status.model_digest, "sha256:00");
  EXPECT_EQ(status.last_stability_gate_result, "Passed");
  EXPECT_EQ(status.active_node_count, 2);
  EXPECT_EQ(status.observed_generation, 2);
  EXPECT_EQ(Condition(status, "Ready"), "True TrainerAnswers");
  EXPECT_EQ(Condition(status, "StabilityGatePassed"), "True Passed");
}

TEST(TrainingStatusTest, TheGateIsUnknownWithoutEnoughSamplesAndFalseOtherwise) {
  TrainingView view = Answering();
  view.trainer.report->last_stability_gate_result = "NotEnoughSamples: 3 of 8";
  EXPECT_EQ(Condition(NextTrainingStatus(view), "StabilityGatePassed"), "Unknown NotEnoughSamples");
  view.trainer.report->last_stability_gate_result = "Failed: PLCC 0.71 is below 0.93";
  EXPECT_EQ(Condition(NextTrainingStatus(view), "StabilityGatePassed"), "False Failed");
  view.trainer.report->last_stability_gate_result = "";
  EXPECT_EQ(Condition(NextTrainingStatus(view), "StabilityGatePassed"), "");
}

TEST(TrainingStatusTest, FollowsTheTrainersOwnPhase) {
  TrainingView view = Answering();
  for (const char* phase : {"Initializing", "Paused", "Failed"}) {
    view.trainer.report->phase = phase;
    view.trainer.report->message = "because";

    const api::TrainingStatus status = NextTrainingStatus(view);

    EXPECT_EQ(status.phase, phase);
    EXPECT_EQ(status.message, "because");
    EXPECT_EQ(Condition(status, "Ready"), std::string("False Trainer") + phase);
  }
}

TEST(TrainingStatusTest, KeepsWhatWasLearnedWhenTheTrainerIsSilent) {
  TrainingView view = Answering();
  view.training.status = NextTrainingStatus(view);
  view.trainer.trouble = "connection refused";

  const api::TrainingStatus status = NextTrainingStatus(view);

  EXPECT_EQ(status.phase, "Initializing");
  EXPECT_EQ(status.current_samples, 17);
  EXPECT_EQ(status.model_version, "v000003");
  EXPECT_EQ(Condition(status, "Ready"), "False Creating");
}

TEST(TrainingStatusTest, AnAnswerOfTheOldTrainerDoesNotCountForTheNewSpec) {
  TrainingView view = Answering();
  view.deployment = Parse(R"({"metadata": {"generation": 3},
      "status": {"observedGeneration": 2, "updatedReplicas": 1}})");
  EXPECT_EQ(NextTrainingStatus(view).phase, "Initializing");
  view.deployment =
      Parse(R"({"metadata": {"generation": 3}, "status": {"observedGeneration": 3}})");
  EXPECT_EQ(NextTrainingStatus(view).phase, "Initializing");
}

TEST(TrainingStatusTest, FailsWithTheReasonOfThePod) {
  const api::TrainingStatus image = NextTrainingStatus(WithPod(
      R"({"phase": "Pending", "containerStatuses": [{"state": {"waiting":
          {"reason": "ErrImageNeverPull", "message": "image \"x\" is not present"}}}]})"));
  EXPECT_EQ(image.phase, "Failed");
  EXPECT_EQ(image.message, "trainer Pod trainer-1: ErrImageNeverPull: image \"x\" is not present");
  EXPECT_EQ(Condition(image, "Ready"), "False ErrImageNeverPull");

  const api::TrainingStatus crash = NextTrainingStatus(WithPod(
      R"({"phase": "Running", "containerStatuses": [{"state": {"waiting":
          {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}},
          "lastState": {"terminated": {"exitCode": 3, "reason": "Error",
                                       "message": "base model: not found\n"}}}]})"));
  EXPECT_EQ(crash.phase, "Failed");
  EXPECT_EQ(crash.message,
            "trainer Pod trainer-1: CrashLoopBackOff: exited with 3: base model: not found");

  const api::TrainingStatus ended = NextTrainingStatus(WithPod(
      R"({"phase": "Running", "containerStatuses": [{"state": {"terminated":
          {"exitCode": 137, "reason": "OOMKilled"}}}]})"));
  EXPECT_EQ(ended.message, "trainer Pod trainer-1 exited with 137 (OOMKilled)");
}

TEST(TrainingStatusTest, FailsWithTheReasonOfTheDeployment) {
  TrainingView view = View();
  view.deployment = Parse(R"({"metadata": {"name": "vmafx-trainer-online"}, "status":
      {"conditions": [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate",
                       "message": "exceeded quota: tight"}]}})");

  const api::TrainingStatus status = NextTrainingStatus(view);

  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.message, "Deployment vmafx-trainer-online: FailedCreate: exceeded quota: tight");
}

TEST(TrainingStatusTest, WaitsForAVolumeAndForANodeAndSaysSo) {
  TrainingView view = WithPod(R"({"phase": "Pending", "conditions": [{"type": "PodScheduled",
      "status": "False", "reason": "Unschedulable", "message": "unbound claims"}]})");
  view.claim =
      Parse(R"({"metadata": {"name": "vmafx-trainer-online"}, "status": {"phase": "Pending"}})");

  const api::TrainingStatus status = NextTrainingStatus(view);

  EXPECT_EQ(status.phase, "Initializing");
  EXPECT_EQ(status.message,
            "trainer Pod trainer-1: Unschedulable: unbound claims; PersistentVolumeClaim "
            "vmafx-trainer-online is Pending");
  view.pods.clear();
  EXPECT_EQ(NextTrainingStatus(view).message,
            "PersistentVolumeClaim vmafx-trainer-online is Pending");
}

TEST(TrainingStatusTest, NamesTheSecretThatAPodMayWaitFor) {
  TrainingView view = WithPod(R"({"phase": "Pending", "containerStatuses": [{"state":
      {"waiting": {"reason": "ContainerCreating"}}}]})");
  view.training.registry_secret = "push";

  EXPECT_EQ(NextTrainingStatus(view).message,
            "trainer Pod trainer-1 is being created; it needs Secret push with key "
            ".dockerconfigjson");
}

TEST(TrainingStatusTest, LooksAtTheNewestPodThatStays) {
  TrainingView view = WithPod(R"({"phase": "Running",
      "containerStatuses": [{"state": {"running": {}}}]})");
  view.pods.push_back(Parse(R"({"metadata": {"name": "going",
      "creationTimestamp": "2026-01-01T11:00:00Z", "deletionTimestamp": "2026-01-01T11:30:00Z"}})"));
  view.pods.push_back(Parse(R"({"metadata": {"name": "evicted",
      "creationTimestamp": "2026-01-01T11:00:00Z"}, "status": {"phase": "Failed"}})"));
  view.trainer.trouble = "connection refused";

  EXPECT_EQ(NextTrainingStatus(view).message, "trainer Pod trainer-1 runs: connection refused");
}

TEST(TrainingStatusTest, AsksThePodThatRunsAtItsOwnAddress) {
  EXPECT_EQ(RunningTrainer({}), std::nullopt);
  EXPECT_EQ(RunningTrainer(WithPod(R"({"phase": "Pending", "podIP": "10.0.0.1"})").pods),
            std::nullopt);
  auto pods = WithPod(R"({"phase": "Running", "podIP": "10.0.0.1",
      "containerStatuses": [{"state": {"running": {}}}]})")
                  .pods;
  EXPECT_EQ(RunningTrainer(pods), (TrainerPod{"", "10.0.0.1"}));
  pods.push_back(Parse(R"({"metadata": {"creationTimestamp": "2026-01-01T11:00:00Z"},
      "status": {"phase": "Pending"}})"));
  EXPECT_EQ(RunningTrainer(pods), std::nullopt) << "the newest counts";
}

TEST(TrainingStatusTest, ARefusedSpecFailsAndADelayWaits) {
  TrainingView view = Answering();
  view.refusal = "spec.outputRegistry: nonsense";
  EXPECT_EQ(NextTrainingStatus(view).phase, "Failed");
  EXPECT_EQ(Condition(NextTrainingStatus(view), "Ready"), "False InvalidSpec");
  EXPECT_EQ(NextTrainingStatus(view).message, "spec.outputRegistry: nonsense");

  view = Answering();
  view.obstacle = "forbidden";
  EXPECT_EQ(Condition(NextTrainingStatus(view), "Ready"), "False NotCreated");

  view = Answering();
  view.delay = "still being removed";
  EXPECT_EQ(NextTrainingStatus(view).phase, "Initializing");
}

TEST(TrainingStatusTest, TellsACheckpointOnceAndInTheSameWords) {
  const api::TrainingStatus next = NextTrainingStatus(Answering());
  const auto news = CheckpointNews({}, next);

  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(*news,
            "checkpoint v000003 written at 2026-01-01T10:00:00Z, sha256:00, stability gate: "
            "Passed");
  EXPECT_EQ(CheckpointNews({}, next), news);
  EXPECT_FALSE(CheckpointNews(next, next).has_value());
  TrainingView fresh = Answering();
  fresh.training.status = next;
  fresh.trainer.report = TrainerReport{.phase = "Running"};
  EXPECT_EQ(NextTrainingStatus(fresh).last_checkpoint, next.last_checkpoint)
      << "a trainer that has just begun";
}

TEST(TrainingStatusTest, WritesNothingNewWhenNothingIsNew) {
  TrainingView view = Answering();
  view.training.status = NextTrainingStatus(view);
  view.now += std::chrono::hours(1);

  EXPECT_EQ(api::WriteStatus(NextTrainingStatus(view)), api::WriteStatus(view.training.status));
}

}  // namespace
}  // namespace vmafx::operators
