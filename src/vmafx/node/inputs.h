#pragma once

// vmafx/node: the worker. It registers with the controller, beats, pulls a job, scores it in this
// process and reports. Top down: run_once.h -> session.h (registered and beating),
// progress_sender.h, controller_client.h (the calls), inputs.h and request.h (what is scored;
// source.h, fetch.h: how it gets here).
// Nothing here knows Kubernetes or the environment.

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "vmafx/node/fetch.h"
#include "vmafx/node/fetch_scratch.h"
#include "vmafx/node/source_uri.h"
#include "vmafx/scoring/input.h"

namespace vmafx::node {

// How inputs from elsewhere come to this worker.
struct SourceOptions {
  std::filesystem::path rclone;         // the program; empty: there is none
  std::filesystem::path rclone_config;  // rclone.conf, or empty; read for each job
  std::string http_ca_pem;              // whom https:// trusts; empty: the system's store
  ScratchOptions scratch;
  FetchOptions fetch;
  base::Duration idle_limit = std::chrono::seconds(60);  // of a remote input, without a byte
};

// An input of which all is checked that can be without reading it.
struct CheckedInput {
  SourceUri uri;
  std::filesystem::path file;  // of a local one
};

// kInvalid: a form of URI that is not supported, a remote that rclone.conf does not have, no
// rclone; else as ResolveInput. Blocks as the disk does.
base::Result<CheckedInput> CheckInput(const std::string& uri,
                                      const std::vector<std::filesystem::path>& roots,
                                      const SourceOptions& options);

// Opens both sides next to each other: local files as they are, raw YUV and Y4M from elsewhere as
// streams, containers from elsewhere fetched whole into the scratch folder. Whatever is under way
// ends with the last copy of the Input. The first side that fails ends the other; the message
// begins with "reference " or "distorted ". Blocks for as long as fetching takes.
struct InputPair {
  scoring::Input reference;
  scoring::Input distorted;
};
base::Result<InputPair> OpenInputs(const CheckedInput& reference, const CheckedInput& distorted,
                                   const SourceOptions& options, const base::Log& log,
                                   const base::Until& until);

// The local file that `uri` means: "file:///abs/path" (percent-escapes are decoded) or an absolute
// path. Links are followed first; then the file must lie below one of `roots`, so no job reads what
// was not given to it. kInvalid: not such a URI, or not a regular file; kDenied: outside, or no
// roots at all; kNotFound.
base::Result<std::filesystem::path> ResolveInput(const std::string& uri,
                                                 const std::vector<std::filesystem::path>& roots);

}  // namespace vmafx::node
