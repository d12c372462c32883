#pragma once

#include <functional>
#include <optional>
#include <string>

#include "vmafx/operator/testing/fake_trainer.h"
#include "vmafx/operator/testing/world.h"

namespace vmafx::operators::testing {

// OperatorWorld for VmafxModelTrainings: a real HTTP server in the place of every trainer. The test
// is the Deployment's controller and the kubelet.
class TrainingWorld : public OperatorWorld {
 protected:
  TrainingWorld();
  ~TrainingWorld() override;

  // `changes` is merged into the object.
  void CreateTraining(const std::string& name, const kube::Json& changes = kube::Json::object());
  void ChangeSpec(const std::string& name, const kube::Json& spec);
  void Delete(const kube::Kind& kind, const std::string& name);

  // Waits until the object of this name is as asked and returns it; adds a failure with what it
  // last was.
  kube::Object AwaitIn(kube::Store& store, const std::string& name, const std::string& what,
                       const std::function<bool(const kube::Object&)>& ready);
  kube::Object Await(const std::string& name, const std::string& what,
                     const std::function<bool(const kube::Object&)>& ready);
  kube::Object AwaitTrainingPhase(const std::string& name, const std::string& phase);
  kube::Object AwaitSamples(const std::string& name, int count);
  kube::Object AwaitDeployment(const std::string& name);

  // What the Deployment's controller does: a Pod of the newest template in the place of all others.
  // Returns its name.
  std::string MakePod(const std::string& name);
  // And what the kubelet does: that Pod runs and is ready.
  void RollOut(const std::string& name);
  // All this for a training's Deployment, until the training is Running.
  void Run(const std::string& name);
  // NAME=value of a trainer's container, or "".
  static std::string Variable(const kube::Object& deployment, const std::string& name);

  FakeTrainer trainer_;
  int pods_made_ = 0;
  std::optional<kube::Store> trainings_, deployments_;
};

}  // namespace vmafx::operators::testing
