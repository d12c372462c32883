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

}  // namespace

struct TrainingsPart::Running {
  explicit Running(TrainingsPart& part)
      : shared(part.stores_.stores()),
        deployments(part.client_, Owned(kDeploymentKind), part.clock_, part.log_),
        services(part.client_, Owned(kServiceKind), part.clock_, part.log_),
        claims(part.client_, Owned(kClaimKind), part.clock_, part.log_),
        pods(part.client_, Owned(kPodKind), part.clock_, part.log_),
        follower(part.options_.follow, part.clock_, part.log_,
                 [this](const kube::Key& training) { controller.queue().Add(training); }),
        reconciler(part.client_,
                   {shared.trainings, shared.nodes, deployments, services, claims, pods}, follower,
                   part.options_.trainer, part.clock_, part.log_),
        controller({.name = "vmafxmodeltraining", .workers = part.options_.workers}, reconciler,
                   part.clock_, part.log_, part.registry_) {
    controller.Watch(shared.trainings, ctrl::ToItself());
    controller.Watch(shared.nodes, [this](const kube::Change& change) {
      return node_changes.Matters(change) ? TrainingsOf(change.object->ns())
                                          : std::vector<kube::Key>();
    });
    controller.Watch(deployments, ctrl::ToOwner(kTrainingKind));
    controller.Watch(services, ctrl::ToOwner(kTrainingKind));
    controller.Watch(claims, ctrl::ToOwner(kTrainingKind));
    controller.Watch(pods, [this](const kube::Change& change) {
      auto keys = ToTraining(change);
      // A trainer that has become ready answers now.
      if (change.object->Condition("Ready") == "True") {
        for (const kube::Key& key : keys) follower.Nudge(key);
      }
      return keys;
    });
  }
  ~Running() {
    controller.Stop();
    follower.Stop();
  }

  static kube::StoreOptions Owned(const kube::Kind& kind) { return {kind, "", TrainerLabels()}; }

  // A VmafxNode that comes, changes or goes concerns all trainings of its namespace.
  std::vector<kube::Key> TrainingsOf(const std::string& ns) const {
    std::vector<kube::Key> keys;
    for (const kube::ObjectPtr& training : shared.trainings.List(ns)) {
      keys.push_back(training->key());
    }
    return keys;
  }

  Stores shared;
  NodeChanges node_changes;
  kube::Store deployments, services, claims, pods;
  TrainerFollower follower;
  TrainingReconciler reconciler;
  ctrl::Controller controller;
};

TrainingsPart::TrainingsPart(TrainingsOptions options, kube::Client& client, StoresPart& stores,
                             base::Clock& clock, base::Log log, prometheus::Registry& registry)
    : options_(std::move(options)),
      client_(client),
      stores_(stores),
      clock_(clock),
      log_(std::move(log)),
      registry_(registry) {}

TrainingsPart::~TrainingsPart() = default;

base::Result<> TrainingsPart::Start(const base::Until& until) {
  running_ = std::make_unique<Running>(*this);
  auto started = running_->controller.Start(until);
  if (!started.ok()) running_.reset();
  return started;
}

base::Result<> TrainingsPart::Ready() {
  return running_->controller.Ready();
}

void TrainingsPart::Stop() {
  running_.reset();
}

}  // namespace vmafx::operators
