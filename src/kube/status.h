#pragma once

#include <string_view>

#include "base/result.h"
#include "value/json.h"

namespace kube {

// The error that a non-2xx answer means. `body` is the server's Status object or any text of a
// proxy in between.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
base::Error StatusError(int http_status, std::string_view body);

// The same of a Status that came as a value: in a watch's ERROR event. `code` inside it counts.
base::Error StatusError(const value::Json& status);

}  // namespace kube
