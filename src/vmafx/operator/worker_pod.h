#pragma once

#include <map>
#include <string>
#include <vector>

#include "kube/object.h"
#include "vmafx/api/job.h"

namespace vmafx::operators {

inline const kube::Kind kPodKind{"", "v1", "Pod"};

// How the operator makes worker Pods; from its environment, that is: from the chart's values.
struct WorkerSettings {
  std::string image;                         // of vmafx-node
  std::string pull_policy = "IfNotPresent";  // of that image
  std::string controller_address;            // VMAFX_CONTROLLER_ADDR of the workers
  bool controller_tls = false;               // whether they speak TLS with it
  std::string controller_ca_pem;             // then: who signed its certificate, "": the system's
  std::string controller_server_name;        // then: the name in it, "": the address's host
  std::string instance;                      // label app.kubernetes.io/instance
  kube::Json resources = kube::Json::object();  // of the container
  std::string scratch_size = "2Gi";             // of the volume for what they fetch
  int max_concurrent = 4;  // worker Pods at once, in all namespaces without VmafxNodes
};

// Where a worker is to run: on a VmafxNode, or (node "") under the operator's own limit.
struct Slot {
  std::string node;
  std::string image;
  std::string device;  // extended resource that the Pod asks for: "nvidia.com/gpu", or ""
};

// One worker to make.
struct WorkerOrder {
  int attempt = 1;
  Slot slot;
  std::string controller_job_id;
  std::vector<std::string> trainers;  // whom it tells about its job: "HOST:PORT"
};

// Labels that every worker Pod has; what the operator watches by.
std::map<std::string, std::string> WorkerLabels();

// "tiny-1": the name of the Pod that makes the given attempt.
std::string WorkerName(const std::string& job, int attempt);

// The Pod that scores `job` as one attempt: it runs vmafx-node bound to the controller's job, with
// the job's inputs read-only, and ends after that one job. It satisfies the restricted Pod Security
// Standard; the one thing it can show is a token that only the controller takes.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
kube::Object MakeWorkerPod(const api::Job& job, const WorkerOrder& order,
                           const WorkerSettings& settings);

// What matters of a worker Pod as it is.
struct WorkerPod {
  kube::Key key;
  std::string uid;
  std::string owner_uid;  // of the VmafxJob that it works for
  int attempt = 0;
  std::string vmafx_node;       // VmafxNode that gave the slot, or ""
  std::string kubernetes_node;  // "" until it is scheduled
  std::string deletes_at;       // when its time to end runs out; "" when it is not being deleted
  bool ended = false;           // phase Succeeded or Failed
  std::string started_at;       // of the container, "" when it has not started
  std::string unschedulable;    // the scheduler's words when no Kubernetes node takes it, or ""
  std::string trouble;          // why it does not start: "Unschedulable: 0/1 nodes ...", or ""
  std::string end;              // of an ended one: "container exited with 137 (OOMKilled)"
};
WorkerPod ReadWorkerPod(const kube::Object& pod);

}  // namespace vmafx::operators
