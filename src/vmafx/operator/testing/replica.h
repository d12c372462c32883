#pragma once

#include <memory>

#include "base/crew.h"
#include "vmafx/operator/operator.h"

namespace vmafx::operators::testing {

// A whole operator on a thread of its own, as one Pod of its Deployment.
class Replica {
 public:
  // All references must outlive it.
  Replica(const OperatorOptions& options, kube::Client& client, ControllerClient& controller,
          base::Clock& clock, base::Log log);
  // As SIGTERM does.
  ~Replica();

  Operator& program() { return operator_; }

 private:
  Operator operator_;
  base::Crew crew_;
};

}  // namespace vmafx::operators::testing
