#pragma once

#include <string>

#include "base/result.h"

namespace net {

// Where a URL leads.
struct Target {
  std::string url;
  std::string host;  // IPv6 in brackets
  std::string port;
  std::string Text() const { return host + ":" + port; }
};

// kInvalid when `url` is none. With `server_name`, that takes the host's place in Target::url, by
// which curl checks certificates; host and port stay those to connect to.
base::Result<Target> ReadTarget(const std::string& url, const std::string& server_name);

}  // namespace net
