#pragma once

// What every object has beside its own fields.

#include <vector>

#include "schema/schema.h"

namespace schema {

// The schema of metadata: the fields that people write, and those that the API server fills in.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
const Json& MetadataSchema();

// What is wrong with the name of `object`, with its labels and with the keys of its annotations, by
// the rules that hold for all kinds (RBAC's names are free). What is no text is left out: that is
// Check's. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
std::vector<Finding> CheckNames(const Json& object);

}  // namespace schema
