#pragma once

#include <memory>

#include <prometheus/registry.h>

#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/client.h"
#include "vmafx/operator/controller_client.h"
#include "vmafx/operator/stores_part.h"

namespace vmafx::operators {

struct JobsOptions {
  int workers = 4;  // jobs looked at at once
  WorkerSettings worker;
};

// Looks after VmafxJobs: the stream from the controller, the reconciler and its workers.
class JobsPart final : public ctrl::Part {
 public:
  // All must outlive it. `stores` is started before this.
  JobsPart(JobsOptions options, kube::Client& client, ControllerClient& controller,
           StoresPart& stores, base::Clock& clock, base::Log log, prometheus::Registry& registry);
  ~JobsPart() override;

  base::Result<> Start(const base::Until& until) override;
  base::Result<> Ready() override;
  void Stop() override;

 private:
  struct Running;

  const JobsOptions options_;
  kube::Client& client_;
  ControllerClient& controller_;
  StoresPart& stores_;
  base::Clock& clock_;
  base::Log log_;
  prometheus::Registry& registry_;
  std::unique_ptr<Running> running_;
};

}  // namespace vmafx::operators
