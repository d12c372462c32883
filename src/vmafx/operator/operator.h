#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "kube/client.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/nodes_part.h"
#include "vmafx/operator/trainings_part.h"
#include "vmafx/operator/webhook.h"
#include "vmafx/operator/worker_pod.h"

namespace vmafx::operators {

struct OperatorOptions {
  std::string metrics_address = ":8080";  // /metrics
  std::string health_address = ":8081";   // /healthz, /readyz
  bool leader_election = false;
  kube::Key lease;       // of the Lease object, with leader election
  std::string identity;  // this process, unique, with leader election
  base::Duration lease_duration = std::chrono::seconds(15);  // a silent leader is replaced after it
  int workers = 4;                                           // jobs looked at at once
  WorkerSettings worker;
  WebhookOptions webhook;
  NodesOptions nodes;
  TrainingsOptions trainings;
};

// The whole operator: its stores, the job stream, the reconciler, its HTTP ports, wired and run in
// order. Makes no clock and reads no environment.
class Operator {
 public:
  // All must outlive it. Does nothing yet.
  Operator(OperatorOptions options, kube::Client& client, ControllerClient& controller,
           base::Clock& clock, base::Log log);
  ~Operator();

  // Blocks until `until` is stopped (Ok), or something it cannot do without fails. Call it once.
  base::Result<> Run(const base::Until& until);

  // Where the webhook listens while it runs, else 0.
  int webhook_port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace vmafx::operators
