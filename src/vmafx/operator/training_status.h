#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kube/object.h"
#include "vmafx/api/training.h"
#include "vmafx/operator/trainer_follower.h"

namespace vmafx::operators {

// All that the status of a VmafxModelTraining is made of.
struct TrainingView {
  api::Training training;
  std::string refusal;         // why it can never run as it is written, or ""
  std::string obstacle;        // what could not be made and is tried again, or ""
  std::string delay;           // what has to go first, or ""
  kube::ObjectPtr deployment;  // null: not there
  kube::ObjectPtr claim;
  std::vector<kube::ObjectPtr> pods;  // of the Deployment
  Followed trainer;
  int64_t active_nodes = 0;
  base::WallTime now;
};

// The status as it should be. Pure, and the same for the same view. Running only while the trainer
// answers; what it said last stays when it does not.
api::TrainingStatus NextTrainingStatus(const TrainingView& view);

// Of a trainer's Pods the one whose container runs now and can be asked; nullopt when none does.
std::optional<TrainerPod> RunningTrainer(const std::vector<kube::ObjectPtr>& pods);

// The event about a checkpoint that `next` shows and `old` does not; nullopt when there is none.
// The same text whenever it is asked for.
std::optional<std::string> CheckpointNews(const api::TrainingStatus& old,
                                          const api::TrainingStatus& next);

}  // namespace vmafx::operators
