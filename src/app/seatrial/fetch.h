#pragma once

// What suites name by URL, fetched over HTTP.

#include <memory>

#include "trial/remote_files.h"

namespace app {

// GET with redirects, at most a minute and 256 MiB each; certificates are checked against the
// system's trust store.
std::shared_ptr<trial::RemoteFiles> MakeRemoteFiles();

}  // namespace app
