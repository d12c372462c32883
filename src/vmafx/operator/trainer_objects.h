#pragma once

#include <map>
#include <string>

#include "kube/object.h"
#include "vmafx/api/training.h"

namespace vmafx::operators {

inline const kube::Kind kDeploymentKind{"apps", "v1", "Deployment"};
inline const kube::Kind kServiceKind{"", "v1", "Service"};
inline const kube::Kind kClaimKind{"", "v1", "PersistentVolumeClaim"};

// How the operator makes trainers; from its environment, that is: from the chart's values.
struct TrainerSettings {
  std::string image;  // of vmafx-trainer; "": no VmafxModelTraining can run
  std::string pull_policy = "IfNotPresent";
  std::string instance;                         // label app.kubernetes.io/instance
  kube::Json resources = kube::Json::object();  // of the container
  std::string storage_size = "100Mi";
  std::string storage_class;     // "": the cluster's default
  std::string plain_http_hosts;  // VMAFX_PLAIN_HTTP_HOSTS of the trainers
};

// Labels that all of a trainer's objects have; what the operator watches by.
std::map<std::string, std::string> TrainerLabels();

// The objects that a VmafxModelTraining is made of, all called TrainerName(NAME) and owned by it:
// one learner (Recreate: two must never have the state at once), the Service by which it is found,
// and the claim that keeps its state. It runs without rights and without a service account token.
// A change of the spec is a change of the Deployment, which rolls.
kube::Object MakeTrainerDeployment(const api::Training& training, const TrainerSettings& settings);
kube::Object MakeTrainerService(const api::Training& training, const TrainerSettings& settings);
kube::Object MakeTrainerClaim(const api::Training& training, const TrainerSettings& settings);

}  // namespace vmafx::operators
