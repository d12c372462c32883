#include "vmafx/operator/job_status.h"

#include <limits>

#include <gtest/gtest.h>

namespace vmafx::operators {
namespace {

using std::chrono::seconds;

constexpr base::WallTime kNow =
    std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} + std::chrono::hours(12);

JobView View() {
  JobView view;
  view.job.key = {"video", "tiny"};
  view.job.uid = "uid-1";
  view.job.generation = 2;
  view.now = kNow;
  return view;
}

rpc::Job Scoring(rpc::JobStatus status) {
  rpc::Job job;
  job.set_id("id-1");
  job.set_status(status);
  if (status != rpc::PENDING) job.set_started_at(1767265200);  // 11:00
  if (IsOver(status)) job.set_finished_at(1767265210);
  return job;
}

WorkerPod Worker(int attempt) {
  WorkerPod pod;
  pod.key = {"video", WorkerName("tiny", attempt)};
  pod.attempt = attempt;
  pod.kubernetes_node = "machine-a";
  return pod;
}

TEST(JobStatusTest, IsPendingUntilTheControllerSaysOtherwise) {
  JobView view = View();
  view.obstacle = "SubmitJob at the controller here:9090: no connection";

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Pending");
  EXPECT_EQ(status.message, "SubmitJob at the controller here:9090: no connection");
  EXPECT_EQ(status.observed_generation, 2);
  EXPECT_EQ(status.started_at, "");
}

TEST(JobStatusTest, IsRunningWithItsNodeAndStart) {
  JobView view = View();
  view.scoring = Scoring(rpc::RUNNING);
  view.pods = {Worker(1)};

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Running");
  EXPECT_EQ(status.controller_job_id, "id-1");
  EXPECT_EQ(status.assigned_node, "machine-a");
  EXPECT_EQ(status.started_at, "2026-01-01T11:00:00Z");
  EXPECT_EQ(status.attempts, 1);
  EXPECT_EQ(status.message, "");
}

TEST(JobStatusTest, NamesTheVmafxNodeRatherThanTheMachine) {
  JobView view = View();
  view.scoring = Scoring(rpc::RUNNING);
  view.pods = {Worker(1)};
  view.pods[0].vmafx_node = "node-cpu";

  EXPECT_EQ(NextStatus(view).assigned_node, "node-cpu");
}

TEST(JobStatusTest, CarriesTheWholeResultAlsoAScoreOfZero) {
  JobView view = View();
  view.scoring = Scoring(rpc::COMPLETED);
  view.scoring->set_final_score(0);
  view.scoring->mutable_pooled()->set_harmonic_mean(0.5);
  view.scoring->mutable_pooled()->set_frames(8);
  view.scoring->mutable_provenance()->set_backend_used("cpu");
  (*view.scoring->mutable_features())["adm2"] = 0.9;
  view.pods = {Worker(1)};
  view.job.status.message = "worker Pod tiny-1: Unschedulable";

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Succeeded");
  ASSERT_TRUE(status.score.has_value());
  EXPECT_EQ(*status.score, 0);
  EXPECT_EQ(status.pooled->harmonic_mean, 0.5);
  EXPECT_EQ(status.features.at("adm2"), 0.9);
  EXPECT_EQ(status.provenance->backend_used, "cpu");
  EXPECT_EQ(status.provenance->frames_scored, 8);
  EXPECT_EQ(status.finished_at, "2026-01-01T11:00:10Z");
  EXPECT_EQ(status.message, "");
  ASSERT_NE(status.Find("Complete"), nullptr);
  EXPECT_EQ(status.Find("Complete")->status, "True");
  EXPECT_EQ(status.Find("Failed"), nullptr);
}

TEST(JobStatusTest, FailsWithTheWorkersReason) {
  JobView view = View();
  view.scoring = Scoring(rpc::FAILED);
  view.scoring->set_error("dist.yuv: 49000 bytes are not a whole number of frames");

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.message, "dist.yuv: 49000 bytes are not a whole number of frames");
  EXPECT_FALSE(status.score.has_value());
  EXPECT_EQ(status.Find("Failed")->reason, "ScoringFailed");
}

TEST(JobStatusTest, FailsWhenItWasCancelledInTheController) {
  JobView view = View();
  view.scoring = Scoring(rpc::CANCELLED);

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.message, "cancelled by controller");
  EXPECT_EQ(status.Find("Failed")->reason, "Cancelled");
}

TEST(JobStatusTest, NeverTakesAScoreThatIsNoNumber) {
  JobView view = View();
  view.scoring = Scoring(rpc::COMPLETED);
  view.scoring->set_final_score(std::numeric_limits<double>::quiet_NaN());

  const api::JobStatus status = NextStatus(view);

  EXPECT_EQ(status.phase, "Failed");
  EXPECT_FALSE(status.score.has_value());
}

TEST(JobStatusTest, SaysWhyTheWorkerDoesNotStart) {
  JobView view = View();
  view.scoring = Scoring(rpc::PENDING);
  view.pods = {Worker(1)};
  view.pods[0].trouble = "ErrImageNeverPull: no image";

  EXPECT_EQ(NextStatus(view).message, "worker Pod tiny-1: ErrImageNeverPull: no image");
}

TEST(JobStatusTest, ShowsTheQueueAndThatItWasLeft) {
  JobView view = View();
  view.scoring = Scoring(rpc::PENDING);
  view.grant = Grant{false, {}, "NoFreeSlot", "all 1 worker slots of the operator are taken"};
  api::JobStatus status = NextStatus(view);
  EXPECT_EQ(status.phase, "Pending");
  EXPECT_EQ(status.message, "all 1 worker slots of the operator are taken");
  ASSERT_NE(status.Find("Queued"), nullptr);
  EXPECT_EQ(status.Find("Queued")->status, "True");

  view.job.status = status;
  view.grant = Grant{true, {}, "", ""};
  view.pods = {Worker(1)};
  status = NextStatus(view);
  EXPECT_EQ(status.message, "");
  EXPECT_EQ(status.Find("Queued")->status, "False");
}

TEST(JobStatusTest, RecordsThatTheCpuStoodIn) {
  JobView view = View();
  view.job.spec.backend = "cuda";
  view.job.spec.fallback = "cpu";
  view.scoring = Scoring(rpc::RUNNING);

  const api::JobStatus status = NextStatus(view);

  ASSERT_NE(status.Find("BackendFallback"), nullptr);
  EXPECT_EQ(status.Find("BackendFallback")->message,
            "scored on cpu instead of cuda, as spec.fallback allows");
}

TEST(JobStatusTest, SaysInTheSchedulersWordsWhyNoNodeTakesTheWorker) {
  JobView view = View();
  view.scoring = Scoring(rpc::PENDING);
  view.pods = {Worker(1)};
  view.pods[0].kubernetes_node = "";
  view.pods[0].unschedulable = "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.";
  view.pods[0].trouble = "Unschedulable: " + view.pods[0].unschedulable;

  const api::JobStatus waiting = NextStatus(view);

  EXPECT_EQ(waiting.phase, "Pending");
  EXPECT_EQ(waiting.message,
            "worker Pod tiny-1: Unschedulable: 0/1 nodes are available: 1 Insufficient "
            "nvidia.com/gpu.");
  ASSERT_NE(waiting.Find("WorkerScheduled"), nullptr);
  EXPECT_EQ(waiting.Find("WorkerScheduled")->status, "False");
  EXPECT_EQ(waiting.Find("WorkerScheduled")->reason, "Unschedulable");
  EXPECT_EQ(waiting.Find("WorkerScheduled")->message,
            "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");

  view.job.status = waiting;
  view.pods[0] = Worker(1);
  const api::JobStatus scheduled = NextStatus(view);

  EXPECT_EQ(scheduled.message, "");
  EXPECT_EQ(scheduled.Find("WorkerScheduled")->status, "True");
}

TEST(JobStatusTest, IsTheSameWhenNothingChanged) {
  JobView view = View();
  view.scoring = Scoring(rpc::RUNNING);
  view.pods = {Worker(1)};
  const kube::Json first = api::WriteStatus(NextStatus(view));

  view.job.status = NextStatus(view);
  view.now += seconds(100);

  EXPECT_EQ(api::WriteStatus(NextStatus(view)), first);
}

TEST(JobStatusTest, KeepsTheCountOfAttemptsWhenPodsAreGone) {
  api::Job job;
  EXPECT_EQ(AttemptsSoFar(job, {}), 0);
  EXPECT_EQ(AttemptsSoFar(job, {Worker(1), Worker(2)}), 2);
  job.status.attempts = 2;
  EXPECT_EQ(AttemptsSoFar(job, {}), 2);
}

TEST(JobStatusTest, GivesUpOnAWorkerThatIsPastItsTimeToEnd) {
  std::vector<WorkerPod> pods = {Worker(1)};
  EXPECT_EQ(ActiveWorker(pods, kNow), &pods[0]);

  pods[0].deletes_at = "2026-01-01T12:00:30Z";
  EXPECT_EQ(ActiveWorker(pods, kNow), &pods[0]);
  EXPECT_EQ(ActiveWorker(pods, kNow + seconds(30)), nullptr);

  pods[0] = Worker(1);
  pods[0].ended = true;
  EXPECT_EQ(ActiveWorker(pods, kNow), nullptr);
}

TEST(JobStatusTest, RefusesWithTheReasonAsCondition) {
  api::Job job = View().job;

  const api::JobStatus status = RefusedStatus(job, "spec.reference is empty", kNow);

  EXPECT_EQ(status.phase, "Failed");
  EXPECT_EQ(status.message, "spec.reference is empty");
  EXPECT_EQ(status.finished_at, "2026-01-01T12:00:00Z");
  EXPECT_EQ(status.Find("Failed")->reason, "InvalidSpec");
}

}  // namespace
}  // namespace vmafx::operators
