#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/object.h"
#include "vmafx/api/condition.h"

namespace vmafx::api {

// The one base model that is no checkpoint of ours: the teacher. The student starts from the prior
// that is built in.
inline constexpr std::string_view kTeacherModel = "vmaf_v0.6.1";

// What is asked for. The fields of deploy/helm/vmafx/crds, same meaning.
struct TrainingSpec {
  std::string base_model;
  std::map<std::string, std::string> node_selector;  // labels of VmafxNodes; empty: all
  std::string algorithm;
  std::string checkpoint_interval = "10m";  // Go's syntax
  int64_t checkpoint_min_samples = 1000;
  std::string output_registry;
  kube::Json algorithm_config;  // learningRate, emaDecay, ...: as given, or null
};

// What has happened so far. Times are RFC 3339 text as Kubernetes writes them, "" when not yet.
struct TrainingStatus {
  std::string phase;
  int64_t current_samples = 0;
  std::string last_checkpoint;
  std::string model_version;
  std::string model_digest;
  std::string last_stability_gate_result;
  int64_t active_node_count = 0;
  std::string message;
  int64_t observed_generation = 0;
  std::vector<Condition> conditions;
};

struct Training {
  kube::Key key;
  std::string uid;
  int64_t generation = 0;
  bool deleting = false;
  std::string registry_secret;  // of the annotation kRegistrySecretAnnotation, or ""
  TrainingSpec spec;
  TrainingStatus status;
};

// A VmafxModelTraining as stored. kInvalid when a field has another type than the CRD's schema
// allows.
base::Result<Training> ReadTraining(const kube::Object& object);

// kInvalid when it can never run as it is written: names every field that is wrong, and what would
// be right.
base::Result<> CheckTraining(const Training& training);

// The value of `.status`. Reading it back gives the same status; fields without a value are left
// out.
kube::Json WriteStatus(const TrainingStatus& status);

}  // namespace vmafx::api
