#pragma once

#include "ctrl/late_part.h"
#include "vmafx/operator/part_context.h"
#include "vmafx/operator/trainer_follower.h"
#include "vmafx/operator/trainer_objects.h"

namespace vmafx::operators {

struct TrainingsOptions {
  int workers = 2;  // trainings looked at at once
  TrainerSettings trainer;
  TrainerFollowerOptions follow{.url = TrainerStatusUrl};
};

// Looks after VmafxModelTrainings: copies of the trainers' objects, their /status, the reconciler.
ctrl::LatePart MakeTrainingsPart(TrainingsOptions options, PartContext context);

}  // namespace vmafx::operators
