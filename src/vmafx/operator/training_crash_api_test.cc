// The operator is killed before each single step that it makes for a VmafxModelTraining, and
// started again: whatever the step, there is one trainer, and the status and the events are those
// of an operator that was never killed.

#include <gtest/gtest.h>

#include "vmafx/operator/testing/mortal.h"
#include "vmafx/operator/testing/training_world.h"

namespace vmafx::operators::testing {
namespace {

constexpr int kMostSteps = 40;  // the story has fewer

class TrainingCrashApiTest : public TrainingWorld {
 protected:
  // An operator that is killed before its step number `steps` (from 0). True when it was; false
  // when the training was done before. It is gone when this returns.
  bool RunMortal(int steps, const std::string& name) {
    Life life(steps);
    MortalClient client(*operator_client_, life);
    MortalController controller(*controller_client_, life);
    Replica replica(Options(), client, controller, clock_, base::Log::Nowhere());
    base::Crew crew;
    std::stop_source stop;
    crew.Start("death", [&](std::stop_token token) {
      if (life.AwaitDeath(base::Until(clock_, base::Instant::max(), std::move(token))).ok()) {
        stop.request_stop();
      }
    });
    // The Deployment's controller works on, whoever lives.
    crew.Start("rollout", [&](std::stop_token token) {
      auto there = deployments_->WaitFor(
          [&](const kube::Store::Snapshot& snapshot) {
            return snapshot.objects.count({ns_, "vmafx-trainer-" + name}) > 0;
          },
          Long().Stopping(std::move(token)));
      if (there.ok()) RollOut("vmafx-trainer-" + name);
    });
    auto waited = trainings_->WaitFor(
        [&](const kube::Store::Snapshot& snapshot) {
          auto found = snapshot.objects.find({ns_, name});
          return found != snapshot.objects.end() && IsDone(*found->second);
        },
        Long().Stopping(stop.get_token()));
    EXPECT_TRUE(waited.ok() || life.dead()) << waited.error().message() << " at step " << steps;
    return life.dead();
  }

  static bool IsDone(const kube::Object& training) {
    return training.String({"status", "phase"}) == "Running" &&
           training.String({"status", "modelVersion"}) == "v000001";
  }

  size_t CountOwned(const kube::Kind& kind, const std::string& training) {
    auto found =
        admin_->List(kind, {.ns = ns_, .labels = {{"vmafx.dev/training", training}}}, Long());
    EXPECT_TRUE(found.ok()) << found.error().message();
    return found->items.size();
  }
};

TEST_F(TrainingCrashApiTest, MakesOneTrainerAndTellsOneCheckpointWhereverItIsKilled) {
  trainer_.Say({{"current_samples", 3},
                {"last_checkpoint_time", "2026-01-01T10:00:00Z"},
                {"model_version", "v000001"}});
  int deaths = 0;
  for (int steps = 0; steps < kMostSteps; ++steps) {
    const std::string name = fmt::format("t{}", steps);
    CreateTraining(name);
    const bool killed = RunMortal(steps, name);
    deaths += killed ? 1 : 0;
    if (killed) StartOperator();
    if (killed) RollOut("vmafx-trainer-" + name);
    const kube::Object training = Await(name, "the end", IsDone);
    StopOperator();

    EXPECT_EQ(*training.Find({"status", "currentSamples"}), 3) << "killed before step " << steps;
    EXPECT_EQ(training.Condition("Ready"), "True") << steps;
    EXPECT_EQ(EventReasons(name), "CheckpointWritten") << steps;
    for (const kube::Kind& kind : {kDeploymentKind, kServiceKind, kClaimKind}) {
      EXPECT_EQ(CountOwned(kind, name), 1u) << kind.kind << " at step " << steps;
    }
    Delete(kTrainingKind, name);
    if (HasFailure() || !killed) break;
  }
  EXPECT_GE(deaths, 5);
  fmt::print("killed before {} different steps\n", deaths);
}

}  // namespace
}  // namespace vmafx::operators::testing
