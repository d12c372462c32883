#pragma once

#include <prometheus/registry.h>

#include "base/log.h"
#include "kube/client.h"
#include "vmafx/operator/stores_part.h"

namespace vmafx::operators {

// What each part that looks after a kind is made with. All must outlive the part; `stores` is
// started before it.
struct PartContext {
  kube::Client& client;
  StoresPart& stores;
  base::Clock& clock;
  base::Log log;
  prometheus::Registry& metrics;
};

}  // namespace vmafx::operators
