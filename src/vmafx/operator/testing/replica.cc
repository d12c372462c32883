#include "vmafx/operator/testing/replica.h"

#include <gtest/gtest.h>

namespace vmafx::operators::testing {

Replica::Replica(const OperatorOptions& options, kube::Client& client, ControllerClient& controller,
                 base::Clock& clock, base::Log log)
    : operator_(options, client, controller, clock, std::move(log)) {
  crew_.Start("operator", [this, &clock](std::stop_token stop) {
    auto outcome = operator_.Run(base::Until(clock, base::Instant::max(), std::move(stop)));
    EXPECT_TRUE(outcome.ok()) << outcome.error().message();
  });
}

Replica::~Replica() {
  crew_.StopAndJoin();
}

}  // namespace vmafx::operators::testing
