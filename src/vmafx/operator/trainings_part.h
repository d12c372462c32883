#pragma once

#include <memory>

#include <prometheus/registry.h>

#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/client.h"
#include "vmafx/operator/stores_part.h"
#include "vmafx/operator/trainer_follower.h"
#include "vmafx/operator/trainer_objects.h"

namespace vmafx::operators {

struct TrainingsOptions {
  int workers = 2;  // trainings looked at at once
  TrainerSettings trainer;
  TrainerFollowerOptions follow{.url = TrainerStatusUrl};
};

// Looks after VmafxModelTrainings: copies of the trainers' objects, their /status, the reconciler.
class TrainingsPart final : public ctrl::Part {
 public:
  // All must outlive it. `stores` is started before this.
  TrainingsPart(TrainingsOptions options, kube::Client& client, StoresPart& stores,
                base::Clock& clock, base::Log log, prometheus::Registry& registry);
  ~TrainingsPart() override;

  base::Result<> Start(const base::Until& until) override;
  base::Result<> Ready() override;
  void Stop() override;

 private:
  struct Running;

  const TrainingsOptions options_;
  kube::Client& client_;
  StoresPart& stores_;
  base::Clock& clock_;
  base::Log log_;
  prometheus::Registry& registry_;
  std::unique_ptr<Running> running_;
};

}  // namespace vmafx::operators
