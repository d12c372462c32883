#pragma once

#include <optional>

#include "base/log.h"
#include "ctrl/manager.h"
#include "kube/store.h"
#include "vmafx/operator/staffing.h"

namespace vmafx::operators {

// The live copies of what several reconcilers look at. They live between Start and Stop: a standby
// watches nothing.
class StoresPart final : public ctrl::Part {
 public:
  // Both must outlive it.
  StoresPart(kube::Client& client, base::Clock& clock, base::Log log)
      : client_(client), clock_(clock), log_(std::move(log)) {}

  // Waits for the first LIST of each.
  base::Result<> Start(const base::Until& until) override;
  // Names a watch whose copy is stale.
  base::Result<> Ready() override;
  void Stop() override;

  // Between Start and Stop.
  Stores stores() { return {*jobs_, *pods_, *nodes_, *trainings_}; }

 private:
  kube::Client& client_;
  base::Clock& clock_;
  base::Log log_;
  std::optional<kube::Store> jobs_, pods_, nodes_, trainings_;
};

}  // namespace vmafx::operators
