#pragma once

#include <functional>
#include <string>

#include "kube/client.h"
#include "schema/catalog.h"

namespace trial {

// Adds to `catalog` which group versions the cluster serves, and the OpenAPI documents of those
// that are `wanted`; one request each, some as large as 2 MB. Returns the server's version:
// "v1.37.2". Errors are kube::Client's.
// https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
base::Result<std::string> AddClusterSchemas(
    kube::Client& client, const std::function<bool(const std::string& group_version)>& wanted,
    schema::Catalog& catalog, const base::Until& until);

}  // namespace trial
