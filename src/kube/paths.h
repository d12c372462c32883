#pragma once

// Where on the API server things are, as URL paths with their queries.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris

#include <string>

#include "kube/client.h"

namespace kube {

// "/api/v1" or "/apis/apps/v1": also where discovery of that group version is.
std::string GroupVersionPath(const Kind& kind);

// "/apis/apps/v1/namespaces/default/deployments"; of all namespaces with ns "". `ns` of a
// cluster-scoped kind is ignored.
std::string CollectionPath(const Resource& resource, const std::string& ns);

// The collection's path with "/web", or "/web/status" for a subresource. kInvalid without a name,
// or without a namespace for a namespaced kind: the path would mean something else.
base::Result<std::string> ObjectPath(const Resource& resource, const Key& key,
                                     const std::string& subresource = "");

// "?limit=500&labelSelector=...", with `after` (a list's continue token) if not "".
std::string ListQuery(const ListOptions& options, int limit, const std::string& after);

// "?watch=1&allowWatchBookmarks=true&...".
std::string WatchQuery(const WatchOptions& options);

}  // namespace kube
