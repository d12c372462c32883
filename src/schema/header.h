#pragma once

// What every object has beside its own fields.

#include "value/json.h"

namespace schema {

// The schema of metadata: the fields that people write, and those that the API server fills in.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
const value::Json& MetadataSchema();

}  // namespace schema
