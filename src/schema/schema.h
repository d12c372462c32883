#pragma once

// schema: what Kubernetes knows about the fields of its kinds, held against objects in files. Pure
// functions of values: no files, no network, any thread. Two dialects of one language: OpenAPI v3
// documents as an API server publishes them, and the structural schemas of
// CustomResourceDefinitions.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

#include <memory>
#include <string>
#include <vector>

#include "value/json.h"

namespace schema {

using value::Json;
using Path = std::vector<std::string>;  // object keys and list indexes, from the root

// The schema of one kind.
struct Schema {
  std::shared_ptr<const Json> document;  // what its references (#/components/schemas/X) point into
  const Json* node = nullptr;            // inside `document`
  // Of a CustomResourceDefinition: the API server enforces every word of it. Of a built-in kind it
  // enforces types; `required` is what its documentation says.
  bool custom = false;
};

// One thing that is wrong with an object.
struct Finding {
  enum class Kind {
    kUnknownField,
    kMissing,  // a required field is not there; `path` is where it would be
    kWrongType,
    kWrongValue,  // enum, bounds, length, pattern, format
    kDuplicate,   // two list elements of one key, or equal ones in a set
  };
  Kind kind = Kind::kUnknownField;
  Path path;
  std::string message;  // "unknown field (did you mean "replicas"?)", without the path
  bool custom = false;  // by a CustomResourceDefinition's schema
};

// kWhole: an object as it is created. kPartial: some fields of one, as asserts have them: nothing
// is required, lists and maps may be of any size, and anyOf, oneOf, not do not count.
enum class Extent { kWhole, kPartial };

// All that is wrong with `object`, in the order of its keys. A null counts as absent, as the API
// server has it. Of anyOf, oneOf and not only that they do not hold is told. Not checked:
// x-kubernetes-validations (CEL), and formats other than int32, int64, byte, date, date-time, ipv4,
// ipv6, cidr, uuid, int-or-string and quantity.
std::vector<Finding> Check(const Schema& schema, const Json& object, Extent extent);

// The first of `keys` that no object of the kind has: `unknown field "x" (did you mean "y"?)`, or
// "". A "" among the keys stands for an element of a list, or any value of a map.
std::string UnknownField(const Schema& schema, const std::vector<std::string>& keys);

}  // namespace schema
