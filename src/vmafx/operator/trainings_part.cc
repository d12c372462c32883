#include "vmafx/operator/trainings_part.h"

#include "ctrl/controller.h"
#include "vmafx/api/names.h"
#include "vmafx/operator/node_changes.h"
#include "vmafx/operator/training_reconciler.h"

namespace vmafx::operators {
namespace {

// Its Pods belong to a ReplicaSet; the label says whose they are in the end.
std::vector<kube::Key> ToTraining(const kube::Change& change) {
  const std::string training = change.object->Label(std::string(api::kTrainingLabel));
  if (training.empty()) return {};
  return {{change.object->ns(), training}};
}

class Trainings final : public ctrl::Part {
 public:
  Trainings(const TrainingsOptions& options, const PartContext& context)
      : shared_(context.stores.stores()),
        deployments_(context.client, Owned(kDeploymentKind), context.clock, context.log),
        services_(context.client, Owned(kServiceKind), context.clock, context.log),
        claims_(context.client, Owned(kClaimKind), context.clock, context.log),
        pods_(context.client, Owned(kPodKind), context.clock, context.log),
        follower_(options.follow, context.clock, context.log,
                  [this](const kube::Key& training) { controller_.queue().Add(training); }),
        reconciler_(context.client,
                    {shared_.trainings, shared_.nodes, deployments_, services_, claims_, pods_},
                    follower_, options.trainer, context.clock, context.log),
        controller_({.name = "vmafxmodeltraining", .workers = options.workers}, reconciler_,
                    context.clock, context.log, context.metrics) {
    controller_.Watch(shared_.trainings, ctrl::ToItself());
    controller_.Watch(shared_.nodes, [this](const kube::Change& change) {
      return node_changes_.Concerned(change, shared_.trainings);
    });
    controller_.Watch(deployments_, ctrl::ToOwner(kTrainingKind));
    controller_.Watch(services_, ctrl::ToOwner(kTrainingKind));
    controller_.Watch(claims_, ctrl::ToOwner(kTrainingKind));
    controller_.Watch(pods_, [this](const kube::Change& change) {
      auto keys = ToTraining(change);
      // A trainer that has become ready answers now.
      if (change.object->Condition("Ready") == "True") {
        for (const kube::Key& key : keys) follower_.Nudge(key);
      }
      return keys;
    });
  }
  ~Trainings() override { Stop(); }

  base::Result<> Start(const base::Until& until) override { return controller_.Start(until); }
  base::Result<> Ready() override { return controller_.Ready(); }
  void Stop() override {
    controller_.Stop();
    follower_.Stop();
  }

 private:
  static kube::StoreOptions Owned(const kube::Kind& kind) { return {kind, "", TrainerLabels()}; }

  Stores shared_;
  NodeChanges node_changes_;
  kube::Store deployments_, services_, claims_, pods_;
  TrainerFollower follower_;
  TrainingReconciler reconciler_;
  ctrl::Controller controller_;
};

}  // namespace

ctrl::LatePart MakeTrainingsPart(TrainingsOptions options, PartContext context) {
  return ctrl::LatePart([options = std::move(options), context = std::move(context)] {
    return std::make_unique<Trainings>(options, context);
  });
}

}  // namespace vmafx::operators
