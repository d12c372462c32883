#pragma once

// The built-in kinds of one release of Kubernetes in one file, so that files can be checked without
// a cluster. tools/kubernetes/kube/openapi.py makes it from what the release publishes; it lies
// beside the built programs.
//
//   {"kubernetes":"v1.37.2"}
//   GROUPVERSION<TAB>{"components":{"schemas":{...}}}      one line each

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/catalog.h"

namespace schema {

inline constexpr char kBundleName[] = "openapi.jsonl";

// Adds all group versions of the bundle `text` to `catalog`, and the documents of those that are
// `wanted` (reading all would take longer than all the rest of a check). Returns the release:
// "v1.37.2". kInvalid: not a bundle.
base::Result<std::string> AddBundle(std::string_view text,
                                    const std::function<bool(const std::string&)>& wanted,
                                    Catalog& catalog);

}  // namespace schema
