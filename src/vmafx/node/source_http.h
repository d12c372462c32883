#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/http.h"
#include "vmafx/node/source.h"

namespace vmafx::node {

struct HttpSourceOptions {
  std::string url;
  std::string name;
  std::string ca_pem;                                    // empty: the system's trust store
  base::Duration idle_limit = std::chrono::seconds(60);  // without a byte
};

// An object by GET: redirects are followed, at most 10 and to http(s) only; a broken connection
// goes on with a Range request if the object is still the same (If-Range; RFC 9110, 13.1.5 and 14).
// Its length is held against Content-Length, its bytes against Repr-Digest (RFC 9530) where a
// server sends those.
std::unique_ptr<Source> MakeHttpSource(HttpSourceOptions options, base::Clock& clock);

}  // namespace vmafx::node
