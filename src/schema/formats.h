#pragma once

// Single values against the words of a schema that speak about single values.

#include <string>

#include "value/json.h"

namespace schema {

// What is wrong with `value` (of the right type) by enum, minimum, maximum, multipleOf, minLength,
// maxLength, pattern and format of `node`: "must be one of Always, Never", or "". Lengths count
// characters. Patterns are RE2's, as in Kubernetes; one that RE2 does not know is not checked.
std::string ValueProblem(const value::Json& node, const value::Json& value);

// As Kubernetes' resource quantities: "100m", "1.5Gi", 2.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
bool IsQuantity(const value::Json& value);

// `"web"`, `[1,2]`, cut where it is long: how messages show a value.
std::string Show(const value::Json& value);

}  // namespace schema
