#pragma once

// vmafx/node: the worker. It registers with the controller, beats, pulls a job, scores it in this
// process and reports. Top down: run_once.h -> session.h (registered and beating),
// progress_sender.h, controller_client.h (the calls), inputs.h and request.h (what is scored).
// Nothing here knows Kubernetes or the environment.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace vmafx::node {

// The local file that `uri` means: "file:///abs/path" (percent-escapes are decoded) or an absolute
// path. Links are followed first; then the file must lie below one of `roots`, so no job reads what
// was not given to it. kInvalid: not such a URI (the message names the scheme and what is
// supported), or not a regular file; kDenied: outside, or no roots at all; kNotFound.
base::Result<std::filesystem::path> ResolveInput(const std::string& uri,
                                                 const std::vector<std::filesystem::path>& roots);

}  // namespace vmafx::node
