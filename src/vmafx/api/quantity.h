#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace vmafx::api {

// The bytes of a Kubernetes quantity: "2Gi", "500M", "1.5Gi", "4096"; rounded down. kInvalid for
// what is none, is below 0 or above 2^63-1, and for milli ("100m") and exponents, which no size
// has. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
base::Result<int64_t> ReadBytes(std::string_view quantity);

}  // namespace vmafx::api
