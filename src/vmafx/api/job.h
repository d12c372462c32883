#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kube/object.h"
#include "vmafx/api/condition.h"

namespace vmafx::api {

// A volume that a VmafxJob brings along, mounted read-only into its worker.
struct JobInput {
  std::string name;
  std::string config_map;  // one of the two
  std::string claim;       // a PersistentVolumeClaim
  std::string mount_path;
};

// What is asked for. The fields of deploy/helm/vmafx/crds, same meaning.
struct JobSpec {
  std::string reference;
  std::string distorted;
  std::string model;
  std::string backend = "cpu";
  int priority = 0;
  std::string fallback;  // "cpu" or ""
  kube::Json options;    // of ScoreOptions in JSON names, or null
  std::vector<JobInput> inputs;
  std::optional<int64_t> ttl_seconds_after_finished;
};

struct JobPooled {
  double mean = 0;
  double harmonic_mean = 0;
  double min = 0;
  double p1 = 0;
  double p5 = 0;
};

struct JobProvenance {
  std::string engine;
  std::string library;
  std::string model;
  std::string model_sha256;
  std::string backend_used;
  int64_t frames_scored = 0;
};

// What has happened so far. Times are RFC 3339 text as Kubernetes writes them, "" when not yet.
struct JobStatus {
  std::string phase;
  std::optional<double> score;  // a score of 0 is a score
  std::string assigned_node;
  std::string controller_job_id;
  std::string started_at;
  std::string finished_at;
  std::string message;
  int attempts = 0;
  int64_t observed_generation = 0;
  std::optional<JobPooled> pooled;
  std::map<std::string, double> features;
  std::optional<JobProvenance> provenance;
  std::vector<Condition> conditions;

  bool Finished() const;
  const Condition* Find(std::string_view type) const;
  // Sets the condition of this type; the transition time changes only with the status.
  void Set(Condition condition, const std::string& now);
};

struct Job {
  kube::Key key;
  std::string uid;
  int64_t generation = 0;
  bool deleting = false;
  std::string created_at;
  std::vector<std::string> finalizers;
  std::string rclone_secret;  // of the annotation kRcloneSecretAnnotation, or ""
  JobSpec spec;
  JobStatus status;
};

// A VmafxJob as stored. kInvalid when a field has another type than the CRD's schema allows.
base::Result<Job> ReadJob(const kube::Object& object);

// The value of `.status`. Reading it back gives the same status; fields without a value are left
// out.
kube::Json WriteStatus(const JobStatus& status);

}  // namespace vmafx::api
