#pragma once

#include <map>
#include <string>

#include "base/guarded.h"
#include "base/log.h"
#include "ctrl/reconciler.h"
#include "kube/client.h"
#include "kube/store.h"
#include "vmafx/operator/events.h"
#include "vmafx/operator/trainer_follower.h"
#include "vmafx/operator/trainer_objects.h"
#include "vmafx/operator/training_status.h"

namespace vmafx::operators {

// Live copies of what a training is looked after by.
struct TrainingStores {
  kube::Store& trainings;    // VmafxModelTrainings
  kube::Store& nodes;        // VmafxNodes
  kube::Store& deployments;  // trainers' objects, by TrainerLabels
  kube::Store& services;
  kube::Store& claims;
  kube::Store& pods;
};

// Makes the objects of one VmafxModelTraining and keeps its status. What is true wherever it stops
// or crashes:
// - Objects are applied whole; repeating that changes nothing. The claim is made once and never
//   changed: its size is not the trainer's to lose.
// - An object of that name which is not this training's own is never touched.
// - Nothing is made for a training that is gone, though the removal of its objects may be heard of
//   before its own.
// - The event about a checkpoint is told before the status shows it, under a name that a repetition
//   hits again.
// Deletion is the owner references' work.
class TrainingReconciler final : public ctrl::Reconciler {
 public:
  // All must outlive it.
  TrainingReconciler(kube::Client& client, TrainingStores stores, TrainerFollower& follower,
                     TrainerSettings settings, base::Clock& clock, base::Log log);

  base::Result<ctrl::Outcome> Reconcile(const kube::Key& key, const base::Until& until) override;

 private:
  // What was applied, and what the object was afterwards: nothing to do while both are the same.
  struct Applied {
    std::string wanted;
    std::string stored;
  };

  std::string Refusal(const api::Training& training) const;
  base::Result<> MakeObjects(const api::Training& training, const base::Until& until);
  base::Result<> MakeClaim(const kube::Object& wanted, const base::Until& until);
  base::Result<> Apply(const kube::Object& wanted, kube::Store& store, const base::Until& until);
  // The stored object of this name, also one without our labels. kExists: it is somebody else's;
  // kConflict: it is an earlier training's of this name, and being removed.
  base::Result<kube::ObjectPtr> FindOwn(const kube::Object& wanted, const kube::Store& store,
                                        const base::Until& until);
  // Whether the training that `wanted` belongs to is there, asked anew; kUnavailable when it is
  // not.
  base::Result<> CheckOwner(const kube::Object& wanted, const base::Until& until);
  TrainingView View(const api::Training& training, const std::string& refusal,
                    const base::Result<>& made);
  base::Result<> SetStatus(const kube::Object& object, const TrainingView& view,
                           const base::Until& until);

  kube::Client& client_;
  TrainingStores stores_;
  TrainerFollower& follower_;
  const TrainerSettings settings_;
  base::Clock& clock_;
  base::Log log_;
  EventRecorder events_;
  base::Guarded<std::map<std::string, Applied>> applied_;  // by "Kind namespace/name"
};

}  // namespace vmafx::operators
